"""Undoing a decision: a new decision, after which the listing is where it was and no label is
left."""

from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.life.services import listing_reinstate, listing_review_undo
from marketplace.listings.life.steps import ListingRefused
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.records import (
    Action,
    DecisionLate,
    DecisionRefused,
    decision_record,
    restore_values,
)
from marketplace.moderation.models import Audit, Decision, Opinion
from marketplace.moderation.services import listing_claim

log = structlog.get_logger(__name__)

UNDO_WITHIN = timedelta(hours=1)
"""Later the seller and buyers rely on it: a live listing can be taken down instead."""
UNDOABLE = (Action.ACCEPT, Action.CORRECT, Action.REJECT, Action.CHANGES, Action.DOWN, Action.UNSURE)


def undoable_last(*, moderator: User) -> Decision | None:
    """What this moderator decided last and can undo."""
    since = timezone.now() - UNDO_WITHIN
    own = Decision.objects.filter(moderator=moderator, action__in=UNDOABLE, undone_by=None, created_at__gte=since)
    return own.order_by("-pk").first()


def decision_undo(*, moderator: User, decision: Decision | None = None) -> Decision:
    """Undo a decision of one's own, by default the last one. Returns the new decision; its listing
    is claimed if it waits again.

    Raises DecisionRefused, or DecisionLate if the listing went on since then; then nothing
    changed.
    """
    decision = decision or undoable_last(moderator=moderator)
    if decision is None:
        raise DecisionRefused(_("There is nothing to undo: only the last hour's decisions can be."))
    if decision.moderator_id != moderator.pk or decision.action not in UNDOABLE:
        raise DecisionRefused(_("Only decisions of your own can be undone."))
    if decision.created_at < timezone.now() - UNDO_WITHIN:
        raise DecisionRefused(_("This was decided more than an hour ago: take the listing down instead."))
    with transaction.atomic():
        undone = _undo(decision, moderator)
    if undone.listing is not None:
        listing_claim(listing=undone.listing, moderator=moderator)
    return undone


@dataclass
class Undone:
    """What became of decisions that were made at once; of a single one it is one."""

    decisions: list[Decision] = field(default_factory=list)
    """The new ones, which undo."""
    stayed: list[tuple[str, str]] = field(default_factory=list)
    """Code and words of those that went on since then: they do not keep the others."""


def last_undo(*, moderator: User) -> Undone:
    """Undo what this moderator decided last; decisions made at once are undone at once.

    Raises DecisionRefused if nothing can be.
    """
    last = undoable_last(moderator=moderator)
    if last is None or last.batch is None:
        return Undone([decision_undo(moderator=moderator, decision=last)])
    made = Decision.objects.filter(moderator=moderator, batch=last.batch, action__in=UNDOABLE, undone_by=None)
    done = Undone()
    for one in made.order_by("-pk"):
        try:
            with transaction.atomic():
                done.decisions.append(_undo(one, moderator))
        except DecisionRefused as refused:
            done.stayed.append((one.listing_code, str(refused)))
    if not done.decisions:
        raise DecisionLate(done.stayed[0][1])
    return done


def _undo(decision: Decision, moderator: User) -> Decision:
    listing = Listing.objects.select_for_update(of=("self",)).filter(pk=decision.listing_id or 0).first()
    if listing is None:
        raise DecisionLate(_("This listing was deleted meanwhile."))
    if decision.before is None and decision.action in {Action.ACCEPT, Action.CORRECT}:
        raise DecisionRefused(_("This change is part of the listing by now: take the listing down instead."))
    # Asked under the lock: of two who undo at once, the second finds the first one's row.
    later = Decision.objects.filter(listing=listing, pk__gt=decision.pk)
    if Decision.objects.filter(undoes=decision).exists():
        raise DecisionLate(_("This was undone already."))
    if later.filter(undone_by=None).exclude(action=Action.UNDO).exists():
        raise DecisionLate(_("This listing was decided again since then."))
    undone = decision_record(listing, action=Action.UNDO, moderator=moderator, undoes=decision)
    try:
        _carry_out(decision, listing, moderator)
    except ListingRefused as refused:
        raise DecisionLate(str(refused)) from refused
    # What a person answered of an audit is open again.
    Audit.objects.filter(answer=decision).update(answer=None)
    Opinion.objects.filter(settled_by=decision).update(settled_by=None)
    log.info("decision_undone", listing=listing.code, action=decision.action, moderator=moderator.pk)
    return undone


def _carry_out(decision: Decision, listing: Listing, moderator: User) -> None:
    if decision.action == Action.DOWN:
        listing_reinstate(listing=listing, by=moderator)
        return
    if decision.action == Action.UNSURE:
        return
    if decision.action in {Action.ACCEPT, Action.CORRECT}:
        values = restore_values(decision)
        for name, value in values.items():
            setattr(listing, name, value)
        listing.save(update_fields=[*values, "updated_at"])
        if decision.audit:
            return  # it was live before
    listing_review_undo(listing=listing, by=moderator)
