"""Reads: what was saved, and how much interest there is in one's cars."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.http import HttpRequest

from marketplace.accounts.models import User
from marketplace.listings.access import PUBLIC
from marketplace.listings.models import Listing
from marketplace.trade.favourites.cookies import SAVED
from marketplace.trade.models import Favourite, Thread, Views


@dataclass(frozen=True)
class Interest:
    """How much others care for a car."""

    views: int = 0
    saves: int = 0
    threads: int = 0
    """How many people wrote to its seller."""


def saved_codes(request: HttpRequest) -> list[str]:
    """The codes of all cars that the visitor saved, the last saved first."""
    if isinstance(request.user, User):
        return list(Favourite.objects.filter(person=request.user).values_list("listing__code", flat=True))
    return SAVED.read(request)


def saved_listings(*, codes: Collection[str]) -> list[Listing]:
    """Those that visitors can see, in the order of the codes."""
    found = {row.code: row for row in _public().filter(code__in=codes)}
    return [found[code] for code in codes if code in found]


def interest_in_own(*, seller: User) -> dict[int, Interest]:
    """By the primary keys of the seller's listings; those without any are left out."""
    own = {"listing__seller": seller}
    views = dict(Views.objects.filter(**own).values_list("listing_id", "count"))
    saves = dict(Favourite.objects.filter(**own).values_list("listing_id").annotate(n=Count("pk")))
    threads = dict(Thread.objects.filter(**own).values_list("listing_id").annotate(n=Count("pk")))
    return {
        pk: Interest(views.get(pk, 0), saves.get(pk, 0), threads.get(pk, 0)) for pk in {*views, *saves, *threads}
    }  # fmt: skip


def _public() -> QuerySet[Listing]:
    return Listing.objects.filter(status__in=PUBLIC).select_related("make", "car_model").prefetch_related("photos")
