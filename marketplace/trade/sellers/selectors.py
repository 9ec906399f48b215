"""What everybody may know of a seller."""

from datetime import timedelta
from statistics import median

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.listings.access import PUBLIC
from marketplace.listings.models import Listing
from marketplace.listings.selectors import listings_live
from marketplace.trade.models import Thread

THREADS_NEEDED = 5
"""So many threads tell how fast somebody usually answers; fewer would tell of one bad day."""
LOOK_BACK = timedelta(days=180)
TOO_FRESH = timedelta(days=1)
"""A thread that nobody answered counts only from this age on."""

STEPS = (
    ("hour", timedelta(hours=1)),
    ("hours", timedelta(hours=6)),
    ("day", timedelta(days=1)),
    ("days", timedelta(days=4)),
)
ANSWER_WORDS: dict[str, str | Promise] = {
    "hour": _("usually answers within an hour"),
    "hours": _("usually answers within a few hours"),
    "day": _("usually answers within a day"),
    "days": _("usually answers within a few days"),
}


def sellers() -> QuerySet[User]:
    """People who have a page: with an open account and a car that visitors can see."""
    return User.objects.filter(
        is_active=True, pk__in=Listing.objects.filter(status__in=PUBLIC).values("seller")
    )  # fmt: skip


def cars_of(*, seller: User) -> QuerySet[Listing]:
    """A seller's cars on sale, newest first."""
    return listings_live().filter(seller=seller)


def answer_time(*, seller: User) -> str:
    """A code of ANSWER_WORDS; empty if it cannot be told, or there is nothing good to tell.

    The median over the threads of half a year. Those that were never answered count as the slowest
    of all, so leaving the hard ones unanswered makes nobody faster.
    """
    now = timezone.now()
    rows = Thread.objects.filter(seller=seller, created_at__gt=now - LOOK_BACK).values_list("created_at", "answered_at")
    waits = [
        (answered_at - created_at).total_seconds() if answered_at else float("inf")
        for created_at, answered_at in rows
        if answered_at or created_at < now - TOO_FRESH
    ]
    if len(waits) < THREADS_NEEDED:
        return ""
    middle = median(waits)
    return next((code for code, most in STEPS if middle <= most.total_seconds()), "")
