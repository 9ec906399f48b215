"""The states of a listing: one table of what leads from where to where, and who may do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.listings.models import Listing, StatusChange

Status = Listing.Status
Step = StatusChange.Step

TERM = timedelta(days=60)
"""How long a listing is on sale before it expires."""
KEEP_DELETED = timedelta(days=14)
"""How long a deletion can be undone."""

ON_SALE = frozenset({Status.LIVE, Status.RESERVED})
"""What visitors find."""
OFFERED = ON_SALE | {Status.SUBMITTED}
"""On sale, or about to be."""
PAUSED = frozenset({Status.WITHDRAWN, Status.EXPIRED})
"""Approved, and not shown just now."""


class ListingRefused(Exception):
    """The listing's status does not allow this step; the message is for the person who tried it."""


class Role(Enum):
    """Who takes a step."""

    SELLER = _("the listing's seller")
    REVIEW = _("a moderator who does not sell it, or policy (nobody)")
    CLOCK = _("a periodic task (nobody)")


@dataclass(frozen=True)
class Rule:
    """Who may take a step, and from which status to which."""

    by: Role
    moves: Mapping[Status, Status]
    undoes: bool = False
    """Goes back to where the listing came from; ``moves`` says where if that is not known."""


def _from(*before: Status, to: Status) -> dict[Status, Status]:
    return dict.fromkeys(before, to)


RULES: dict[Step, Rule] = {
    Step.SUBMIT: Rule(Role.SELLER, _from(Status.DRAFT, Status.CHANGES, Status.REJECTED, to=Status.SUBMITTED)),
    Step.TAKE_BACK: Rule(Role.SELLER, _from(Status.SUBMITTED, to=Status.DRAFT)),
    Step.PUBLISH: Rule(Role.REVIEW, _from(Status.SUBMITTED, to=Status.LIVE)),
    Step.ASK_CHANGES: Rule(Role.REVIEW, _from(Status.SUBMITTED, to=Status.CHANGES)),
    Step.REJECT: Rule(Role.REVIEW, _from(Status.SUBMITTED, to=Status.REJECTED)),
    # A moderator's second thoughts: what a decision did is undone, and the listing waits again.
    Step.UNDO_REVIEW: Rule(Role.REVIEW, _from(Status.LIVE, Status.CHANGES, Status.REJECTED, to=Status.SUBMITTED)),
    Step.TAKE_DOWN: Rule(Role.REVIEW, _from(Status.SUBMITTED, *sorted(ON_SALE | PAUSED), to=Status.TAKEN_DOWN)),
    Step.REINSTATE: Rule(Role.REVIEW, _from(Status.TAKEN_DOWN, to=Status.LIVE), undoes=True),
    Step.SUSPEND: Rule(Role.REVIEW, _from(Status.SUBMITTED, *sorted(ON_SALE | PAUSED), to=Status.TAKEN_DOWN)),
    Step.LIFT: Rule(Role.REVIEW, _from(Status.TAKEN_DOWN, to=Status.LIVE), undoes=True),
    Step.APPEAL: Rule(Role.SELLER, _from(Status.TAKEN_DOWN, to=Status.SUBMITTED)),
    Step.REVISE: Rule(Role.REVIEW, {status: status for status in sorted(ON_SALE | PAUSED)}),
    Step.KEEP: Rule(Role.REVIEW, {status: status for status in sorted(ON_SALE | PAUSED)}),
    Step.RESERVE: Rule(Role.SELLER, _from(Status.LIVE, to=Status.RESERVED)),
    Step.UNRESERVE: Rule(Role.SELLER, _from(Status.RESERVED, to=Status.LIVE)),
    Step.SELL: Rule(Role.SELLER, _from(*sorted(ON_SALE), to=Status.SOLD)),
    Step.UNSELL: Rule(Role.SELLER, _from(Status.SOLD, to=Status.LIVE), undoes=True),
    Step.WITHDRAW: Rule(Role.SELLER, _from(*sorted(ON_SALE), to=Status.WITHDRAWN)),
    Step.PUT_BACK: Rule(Role.SELLER, _from(Status.WITHDRAWN, to=Status.LIVE), undoes=True),
    Step.EXPIRE: Rule(Role.CLOCK, _from(*sorted(ON_SALE), to=Status.EXPIRED)),
    Step.RENEW: Rule(
        Role.SELLER,
        {Status.LIVE: Status.LIVE, Status.RESERVED: Status.RESERVED, Status.EXPIRED: Status.LIVE},
    ),
    Step.DELETE: Rule(
        Role.SELLER,
        _from(
            Status.DRAFT, Status.CHANGES, Status.REJECTED, Status.SOLD, Status.WITHDRAWN, Status.EXPIRED,
            Status.TAKEN_DOWN, to=Status.DELETED,
        ),
    ),
    Step.RESTORE: Rule(Role.SELLER, _from(Status.DELETED, to=Status.DRAFT), undoes=True),
}  # fmt: skip
"""Every way from one status to another. CREATE is missing: a listing begins as a draft."""

EDITABLE = frozenset(RULES[Step.SUBMIT].moves)
"""All of it may be changed, photos included."""


@transaction.atomic
def step_take(*, listing: Listing, step: Step, by: User | None, words: str = "", **values: Any) -> None:
    """Take one step, and write it into the history; ``listing`` is read again.

    by: the person, None for policy and the clock. words: what that person says about it. values:
    other columns that change with the status. Raises ListingRefused, and then nothing changed.
    """
    rule = RULES[step]
    # Of two concurrent steps the second waits here and then finds the status that the first left.
    row = Listing.objects.select_for_update(of=("self",)).filter(pk=listing.pk).first()
    if row is None:
        raise ListingRefused(gettext("This listing was deleted meanwhile."))
    _check_role(rule.by, row, by)
    before = Status(row.status)
    if before not in rule.moves:
        raise ListingRefused(
            gettext("This listing is %(status)s by now; nothing was changed.") % {"status": row.get_status_display()}
        )
    after = _origin(row, step) if rule.undoes else rule.moves[before]
    if after in OFFERED and row.seller.suspended_at is not None:
        raise ListingRefused(gettext("The seller's account is suspended: none of their cars can be offered."))
    now = timezone.now()
    moved = Listing.objects.filter(pk=row.pk, status=before).update(
        **{"status": after, "updated_at": now, **_times(row, step, after, now), **values}
    )
    if moved != 1:
        raise ListingRefused(gettext("This listing was changed meanwhile; nothing was changed."))
    change = StatusChange(
        listing=row, step=step, before=before, after=after, actor=by, words=words, at=now
    )  # fmt: skip
    change.full_clean(exclude=["listing", "actor"])
    change.save()
    listing.refresh_from_db()


def steps_open(*, listing: Listing, role: Role) -> list[Step]:
    """The steps that somebody in this role can take now, in the table's order."""
    return [step for step, rule in RULES.items() if rule.by is role and Status(listing.status) in rule.moves]


def _check_role(role: Role, listing: Listing, by: User | None) -> None:
    allowed = {
        Role.SELLER: by is not None and by.pk == listing.seller_id,
        Role.REVIEW: by is None or (by.is_moderator and by.pk != listing.seller_id),
        Role.CLOCK: by is None,
    }[role]
    if not allowed:
        raise ListingRefused(gettext("Only %(who)s can do this.") % {"who": role.value})


def _origin(listing: Listing, undo: Step) -> Status:
    """The status in which the listing was before the one that ``undo`` ends."""
    moves = RULES[undo].moves
    here = Status(listing.status)
    last = StatusChange.objects.filter(listing=listing, after=here).exclude(before=here).order_by("at", "pk").last()
    # Older rows may have no history of it.
    return Status(last.before) if last is not None and last.before else moves[here]


def _times(row: Listing, step: Step, after: Status, now: datetime) -> dict[str, Any]:
    """The moments that change with a step."""
    times: dict[str, Any] = {"deleted_at": now if after == Status.DELETED else None}
    if step in {Step.SUBMIT, Step.APPEAL}:
        times["submitted_at"] = now
    if step == Step.PUBLISH:
        times["published_at"] = now
    over = row.expires_at is None or row.expires_at <= now
    if after in ON_SALE and (step in {Step.PUBLISH, Step.RENEW} or over):
        # What is put back after its end would otherwise expire within minutes.
        times |= {"expires_at": now + TERM, "reminded_at": None}
    return times
