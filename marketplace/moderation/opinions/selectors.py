"""Which opinions are open, and how a listing looks to whoever is asked for one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.records import restore_values
from marketplace.moderation.models import Decision, Opinion
from marketplace.moderation.reasons import BY_CODE
from marketplace.moderation.reasons.registry import Found

BACK = "back"
"""As what a listing counts that was sent back: it is none of the catalogue's cars."""
NAMED = (Decision.Action.ACCEPT, Decision.Action.CORRECT)
SAID_AGO = 6
"""Hours: what is asked again looks as if it had been handed in lately."""


def label_of(*, action: str, make: Make | None, car_model: CarModel | None) -> str:
    """What somebody said of a car, to be compared: "make id:model id", or BACK."""
    if action not in NAMED:
        return BACK
    return f"{make.now.pk if make else ''}:{car_model.now.pk if car_model else ''}"


def decision_label(decision: Decision) -> str:
    return label_of(action=decision.action, make=decision.make, car_model=decision.car_model)


def askable() -> QuerySet[Opinion]:
    """Not answered, and the listing is on sale as the first moderator saw it."""
    return Opinion.objects.filter(
        action="", listing__status__in=ON_SALE, listing__submitted_at__lte=F("first__created_at"),
        first__undone_by=None, listing__seller__suspended_at=None,
    )  # fmt: skip


def opinion_held(*, listing: Listing, moderator: User) -> Opinion | None:
    """What this moderator is asked about this listing now."""
    held = askable().filter(listing=listing, moderator=moderator, held_until__gt=timezone.now())
    return held.select_related("first__stated_make", "first__stated_model").first()


def settled() -> QuerySet[Decision]:
    """Decisions that name a car and are beyond doubt: two moderators said so independently, or the
    third one after two who disagreed, and nobody said anything else since."""
    agreed = Opinion.objects.filter(kind=Opinion.Kind.SECOND)
    sure = Q(pk__in=agreed.filter(agrees=True).values("first")) | Q(pk__in=agreed.values("settled_by"))
    later = Decision.objects.filter(listing=OuterRef("listing"), pk__gt=OuterRef("pk"), undone_by=None)
    later = later.exclude(action__in=(Decision.Action.UNDO, Decision.Action.UNSURE))
    return (
        Decision.objects.filter(sure, action__in=NAMED, undone_by=None, before__isnull=False, predicted__isnull=False)
        .filter(listing__status__in=ON_SALE, listing__submitted_at__lte=F("created_at"), car_model__isnull=False)
        .filter(~Exists(later))
    )


def as_it_was(opinion: Opinion, listing: Listing) -> Listing:
    """The listing as the first moderator saw it, in memory only: never save it."""
    for name, value in restore_values(opinion.first).items():
        setattr(listing, name, value)
    listing.verdict = opinion.first.predicted
    listing.status = Listing.Status.SUBMITTED
    # Its real age would say that it is asked again.
    asked = opinion.held_until or timezone.now()
    listing.submitted_at = asked - timedelta(hours=1 + opinion.pk % SAID_AGO, minutes=opinion.pk % 53)
    return listing


def reasons_then(opinion: Opinion) -> Sequence[Found]:
    """Why the first moderator looked at it, as the desk said it then."""
    stored: list[dict[str, Any]] = opinion.first.reasons
    return [
        Found(BY_CODE[one["code"]], {name: value for name, value in one.items() if name != "code"})
        for one in stored
        if one["code"] in BY_CODE and one["code"] not in {"audit", "disputed"}
    ]
