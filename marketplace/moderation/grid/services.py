"""Accepting many listings in one press, and taking that back in one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import structlog
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.records import Action, Circumstances, DecisionRefused
from marketplace.moderation.models import Decision
from marketplace.moderation.services import decision_make

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Pick:
    """A listing that was shown and left in."""

    code: str
    seen: datetime
    """When it was handed in, as it was shown."""


@dataclass
class Accepted:
    """What became of the picks."""

    decisions: list[Decision] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Code and words of those that somebody else decided, holds, or changed meanwhile."""


def grid_accept(
    *, moderator: User, picks: Sequence[Pick], make: Make, car_model: CarModel, seconds: float | None = None
) -> Accepted:
    """Decide that each of these is that car; a decision of its own for each, undone together.

    One that was decided, claimed or changed meanwhile is refused with its reason, and does not keep
    the others from being decided. seconds: how long the moderator looked at all of them.
    """
    each = None if seconds is None or not picks else seconds / len(picks)
    around = Circumstances(seconds=each, batch=uuid4())
    listings = {one.code: one for one in Listing.objects.filter(code__in=[pick.code for pick in picks])}
    done = Accepted()
    for pick in picks:
        listing = listings.get(pick.code)
        if listing is None:
            done.refused.append((pick.code, _("The seller took this change back. Your decision was not stored.")))
            continue
        try:
            made = decision_make(
                listing=listing, moderator=moderator, action=Action.CORRECT,  # the seller's own car: an acceptance
                make=make, car_model=car_model, seen=pick.seen, around=around,
            )  # fmt: skip
        except DecisionRefused as refused:
            done.refused.append((pick.code, str(refused)))
        else:
            done.decisions.append(made)
    log.info("grid_accepted", moderator=moderator.pk, decided=len(done.decisions), refused=len(done.refused))
    return done
