"""Review of listings: who looks at what, and what moderators decide.

What policy approves is in ``policy``; undoing is in ``undo``; taking down what is live in
``removal``.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.services import language_of
from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.life.services import (
    listing_ask_changes,
    listing_reject,
    listing_take_down,
)
from marketplace.listings.models import Listing, StatusChange
from marketplace.listings.services import listing_identity_confirm, listing_identity_set
from marketplace.moderation.decisions.letting_in import let_in
from marketplace.moderation.decisions.records import (
    Action,
    Circumstances,
    DecisionLate,
    DecisionRefused,
    decision_record,
)
from marketplace.moderation.decisions.rejections import reason_words
from marketplace.moderation.models import Audit, Claim, Decision, Opinion
from marketplace.moderation.opinions.services import dispute_settle, opinion_draw, opinion_next
from marketplace.moderation.selectors import claimed_by_others, decision_last, disputed, queue, waiting
from marketplace.photos.revisions import revision_refuse

__all__ = [
    "Circumstances",
    "DecisionLate",
    "DecisionRefused",
    "claim_release",
    "decision_make",
    "left_to_others",
    "listing_claim",
    "queue_next",
]

log = structlog.get_logger(__name__)

SENT_BACK = (Action.REJECT, Action.CHANGES, Action.DOWN)
CLAIM_TRIES = 50
"""How many listings to try when other moderators claim them first."""


def queue_next(*, moderator: User, skip: Collection[str] = ()) -> Listing | None:
    """The waiting listing with the least certain verdict, claimed for this moderator.

    None if there is none. A listing that the moderator already holds comes first. skip: codes of
    listings to leave out.
    """
    free = (
        queue()
        .exclude(seller=moderator)  # nobody reviews what they sell
        .exclude(code__in=skip)
        .exclude(pk__in=left_to_others(moderator))
        .exclude(pk__in=_disputes_of(moderator).values("listing"))
        .exclude(pk__in=claimed_by_others(moderator=moderator).values("listing_id"))
    )
    held = free.filter(claim__moderator=moderator, claim__expires_at__gt=timezone.now()).first()
    if held is not None and listing_claim(listing=held, moderator=moderator):
        return held
    again = opinion_next(moderator=moderator, skip=skip)
    if again is not None:
        return again
    found = next((one for one in free[:CLAIM_TRIES] if listing_claim(listing=one, moderator=moderator)), None)
    return found or opinion_next(moderator=moderator, skip=skip, only=True)


def left_to_others(moderator: User) -> QuerySet[Decision, int | None]:
    """Listings that somebody else has to look at: this moderator could not tell, or took it down
    and its seller appeals."""
    own = Decision.objects.filter(moderator=moderator, undone_by=None, listing__status=Listing.Status.SUBMITTED)
    unsure = Q(action=Action.UNSURE, created_at__gte=F("listing__submitted_at"))
    return own.filter(unsure | Q(action=Action.DOWN)).values_list("listing", flat=True)


def _disputes_of(moderator: User) -> QuerySet[Opinion]:
    """Where this moderator is one of two who disagree: a third one has to decide."""
    return disputed().filter(Q(moderator=moderator) | Q(first__moderator=moderator))


@transaction.atomic
def listing_claim(*, listing: Listing, moderator: User) -> bool:
    """Claim a waiting listing for this moderator, or extend their claim.

    False if another moderator holds it, if it waits no more, or if it is their own listing. Until
    the claim ends, no model version looks at its photos again.
    """
    if listing.seller_id == moderator.pk:
        return False
    now = timezone.now()
    expires = now + timedelta(seconds=settings.MODERATION_CLAIM_SECONDS)
    # Whoever changes a verdict locks the listing and then looks for claims. With this lock the
    # verdict changes before the claim, or not at all.
    Listing.objects.select_for_update(of=("self",)).filter(pk=listing.pk).first()
    # Asked under the lock: whoever read the queue a moment ago may come after the decision, and
    # would claim what waits no more.
    if not waiting().filter(pk=listing.pk).exists():
        return False
    # Conditional update: only this moderator's claim, or an expired one. Of two who take over the
    # same expired claim at once, the second finds it fresh again and changes nothing.
    taken = (
        Claim.objects.filter(listing=listing)
        .filter(Q(moderator=moderator) | Q(expires_at__lte=now))
        .update(moderator=moderator, expires_at=expires)
    )
    if taken:
        return True
    try:
        with transaction.atomic():
            Claim.objects.create(listing=listing, moderator=moderator, expires_at=expires)
    except IntegrityError:
        return False  # one claim per listing: another moderator's row came first
    return True


def claim_release(*, listing: Listing, moderator: User) -> None:
    """End this moderator's claim."""
    Claim.objects.filter(listing=listing, moderator=moderator).delete()


@transaction.atomic
def decision_make(
    *,
    listing: Listing,
    moderator: User,
    action: str,
    make: Make | None = None,
    car_model: CarModel | None = None,
    reason: str = "",
    seen: datetime | None = None,
    around: Circumstances | None = None,
) -> Decision:
    """Record a moderator's decision and carry it out, in one transaction.

    action: "accept" publishes the listing as the seller describes it, even in their own words.
    "correct" publishes it as `make` and `car_model` (None: the model cannot be told); naming what
    the seller said counts as "accept". "reject" returns it to the seller with `reason` and the
    words of the templates in `around`; so does "changes", which asks for what they say and expects
    it again. "unsure" leaves it to another moderator. Of a listing that is live and drawn for an
    audit "reject" takes it down, as it does of an appeal. seen: when the listing was submitted that
    the moderator looked at (None: as in `listing`). Raises DecisionRefused, or DecisionLate.
    """
    around = around or Circumstances()
    rows = Listing.objects.select_for_update(of=("self",)).select_related("make", "car_model", "revises", "seller")
    row = rows.filter(pk=listing.pk).first()
    if row is None:
        raise DecisionLate(_("The seller took this change back. Your decision was not stored."))
    audit = _check_open(row, moderator, seen or listing.submitted_at)
    # A live listing that is looked at again was counted when it went live.
    around = replace(around, audit=row.status != Listing.Status.SUBMITTED)
    reason = reason_words(templates=around.templates, words=reason, language=language_of(row.seller))
    if action in {Action.REJECT, Action.CHANGES}:
        decision = _send_back(row, action=action, moderator=moderator, reason=reason, around=around)
    elif action in {Action.ACCEPT, Action.CORRECT}:
        if action == Action.CORRECT and not row.unlisted and (make, car_model) == (row.make, row.car_model):
            action = Action.ACCEPT
        if action == Action.ACCEPT:
            make, car_model = row.make, row.car_model
        _check_car(row, action=action, make=make, car_model=car_model)
        decision = decision_record(
            row, action=action, moderator=moderator, make=make, car_model=car_model, reason=reason, around=around
        )
        _approve(row, decision, moderator)
    elif action == Action.UNSURE:
        decision = decision_record(row, action=action, moderator=moderator, around=around)
    else:
        raise DecisionRefused(_("There is no decision called “%(action)s”.") % {"action": action})
    if audit is not None and action != Action.UNSURE:
        Audit.objects.filter(pk=audit.pk).update(answer=decision)
    if action != Action.UNSURE:
        dispute_settle(decision=decision)
        opinion_draw(decision=decision)
    Claim.objects.filter(listing=row).delete()
    log.info("listing_decided", listing=row.code, action=decision.action, moderator=moderator.pk)
    return decision


def _check_open(row: Listing, moderator: User, seen: datetime | None) -> Audit | None:
    """The audit that the decision answers; None if the listing waits. Raises DecisionRefused."""
    audit = Audit.objects.filter(listing=row, answer=None).first()
    if not waiting().filter(pk=row.pk).exists():
        raise DecisionLate(too_late(row))
    if row.submitted_at != seen:
        # Submitted again: car, price and photos may differ from what the moderator saw.
        raise DecisionLate(_("The seller changed this listing meanwhile; look again."))
    if row.seller_id == moderator.pk:
        raise DecisionRefused(_("This is your own listing: somebody else has to review it."))
    if _disputes_of(moderator).filter(listing=row).exists():
        raise DecisionRefused(_("You have said what this car is: a third moderator decides."))
    other = claimed_by_others(moderator=moderator).filter(listing=row).select_related("moderator").first()
    if other is not None:
        raise DecisionLate(
            _("%(who)s is looking at this listing right now. Your decision was not stored.") % {"who": other.moderator}
        )
    return audit if row.status != Listing.Status.SUBMITTED else None


def _approve(row: Listing, decision: Decision, moderator: User) -> None:
    if decision.action == Action.ACCEPT or decision.make is None:
        listing_identity_confirm(listing=row)
    else:
        listing_identity_set(listing=row, make=decision.make, car_model=decision.car_model)
    if row.status == Listing.Status.SUBMITTED:
        let_in(row, by=moderator)


def _send_back(row: Listing, *, action: str, moderator: User, reason: str, around: Circumstances) -> Decision:
    if not reason:
        raise DecisionRefused(_("Say why, so that the seller can mend it."))
    live = row.status != Listing.Status.SUBMITTED
    if live and action == Action.CHANGES:
        raise DecisionRefused(_("This listing is live: accept it, correct it or take it down."))
    if action == Action.REJECT and (live or _is_appeal(row)):
        action = Action.DOWN
    decision = decision_record(row, action=action, moderator=moderator, reason=reason, around=around)
    if action == Action.DOWN:
        listing_take_down(listing=row, by=moderator, reason=reason)
    elif action == Action.REJECT and row.revises_id is not None:
        Claim.objects.filter(listing=row).delete()
        revision_refuse(revision=row, by=moderator, reason=reason)
    elif action == Action.REJECT:
        listing_reject(listing=row, by=moderator, reason=reason)
    else:
        listing_ask_changes(listing=row, by=moderator, words=reason)
    return decision


def _is_appeal(row: Listing) -> bool:
    last = StatusChange.objects.filter(listing=row, after=Listing.Status.SUBMITTED).last()
    return last is not None and last.step == StatusChange.Step.APPEAL


def _check_car(row: Listing, *, action: str, make: Make | None, car_model: CarModel | None) -> None:
    if make is None and not (action == Action.ACCEPT and row.other_make):
        raise DecisionRefused(_("Choose a make first."))
    if car_model is not None and (make is None or car_model.make_id != make.pk):
        raise DecisionRefused(_("%(model)s is not a model of %(make)s.") % {"model": car_model, "make": make})


def too_late(listing: Listing) -> str:
    """What happened to a listing that cannot be decided any more, for whoever wanted to."""
    last = decision_last(listing=listing)
    if last is None or listing.status == Listing.Status.DRAFT:
        return _("The seller took this listing back (it is %(status)s). Your decision was not stored.") % {
            "status": listing.get_status_display()
        }
    said = {
        Action.REJECT: _("Too late: %(who)s rejected this listing at %(at)s UTC. Your decision was not stored."),
        Action.CHANGES: _(
            "Too late: %(who)s asked the seller for changes at %(at)s UTC. Your decision was not stored."
        ),
        Action.DOWN: _("Too late: %(who)s took this listing down at %(at)s UTC. Your decision was not stored."),
    }.get(
        Action(last.action),
        _("Too late: %(who)s approved this listing as %(car)s at %(at)s UTC. Your decision was not stored."),
    )
    nobody = _("the policy") if last.action == Action.AUTO else _("a moderator")  # whose account is gone
    who = str(last.moderator) if last.moderator else nobody
    return said % {"who": who, "car": last.car, "at": f"{last.created_at:%H:%M}"}
