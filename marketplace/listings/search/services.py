"""The search as pages, the API and other apps use it."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.db.models import QuerySet
from django.http import QueryDict

from marketplace.listings.models import Listing, ListingText
from marketplace.listings.search.criteria import Criteria
from marketplace.listings.search.forms import SearchForm
from marketplace.listings.search.matching import listings_matching, with_all_shown
from marketplace.listings.search.stock.columns import Stock
from marketplace.listings.search.stock.counting import Counts, Masks, counts_of, masks_of
from marketplace.listings.search.stock.loading import stock_now
from marketplace.listings.search.stock.paging import Cursor, Page, page_of
from marketplace.listings.search.text import words_asked
from marketplace.listings.search.understanding import criteria_understood

MOST_BY_TEXT = 10_000
"""Of more cars whose text has the words, so many are found; it is said."""
COUNTS_KEPT = 64


class Place(NamedTuple):
    """Which page: the first, or the one after or before a car."""

    after: Cursor | None = None
    before: Cursor | None = None


@dataclass(frozen=True)
class Found:
    """One page of what a search finds."""

    listings: list[Listing]
    counts: Counts
    previous: Cursor | None
    next: Cursor | None
    more: bool
    """More texts have the words than were looked at: every count is "at least"."""


def criteria_read(params: Mapping[str, str | Sequence[str]]) -> Criteria:
    """What the parameters of a search's address ask for, its words read. Invalid ones count not."""
    data = QueryDict(mutable=True)
    for name, value in params.lists() if isinstance(params, QueryDict) else params.items():
        data.setlist(name, [value] if isinstance(value, str) else [str(one) for one in value])
    return criteria_understood(SearchForm(data).criteria()).criteria


def listings_found(params: Mapping[str, str | Sequence[str]]) -> QuerySet[Listing]:
    """The listings on sale that a search finds, in its order: for alerts, and as a queryset.

    params: as in the address of a search: ``{"make": "skoda", "price_max": "5000"}``. A QueryDict
    is fine, and so is its ``dict(query.lists())``. The model in words: ``"skoda/fabia"``.
    """
    return listings_matching(criteria_read(params))


def search(criteria: Criteria, *, place: Place, size: int) -> Found:
    """One page of the cars that meet the criteria, and the counts of every other choice."""
    listings = _by_text(criteria)
    with stock_now() as stock:
        masks = masks_of(stock, criteria, listings)
        counts = _counts(stock, criteria, masks)
        page = _page(stock, masks, criteria, place, size)
        rows = _rows(page)
        gone = set(page.listings) - rows.keys()
        if gone:  # deleted with their seller: nothing was updated that could tell
            stock.drop(gone)
    return Found(
        [rows[pk] for pk in page.listings if pk in rows],
        counts,
        page.previous,
        page.next,
        more=listings is not None and len(listings) > MOST_BY_TEXT,
    )


def _page(stock: Stock, masks: Masks, criteria: Criteria, place: Place, size: int) -> Page:
    return page_of(
        stock, masks.found(), sort=criteria.sort, size=size, after=place.after, before=place.before,
        near=criteria.near,
    )  # fmt: skip


def _rows(page: Page) -> dict[int, Listing]:
    return {row.pk: row for row in with_all_shown(Listing.objects.filter(pk__in=page.listings))}


def _by_text(criteria: Criteria) -> list[int] | None:
    """The listings whose text has the words, at most one more than MOST_BY_TEXT; None without."""
    if not criteria.words:
        return None
    texts = ListingText.objects.filter(words__mention=words_asked(criteria.words))
    return list(texts.values_list("listing_id", flat=True)[: MOST_BY_TEXT + 1])


def _counts(stock: Stock, criteria: Criteria, masks: Masks) -> Counts:
    """The counts, kept while nothing changes: whoever turns pages needs them again."""
    if criteria.words:
        return counts_of(masks, criteria)
    key = (id(stock), stock.version, replace(criteria, sort="newest").url())
    counts = _kept.get(key)
    if counts is None:
        counts = _kept[key] = counts_of(masks, criteria)
        if len(_kept) > COUNTS_KEPT:
            _kept.popitem(last=False)
    return counts


_kept: "OrderedDict[tuple[int, int, str], Counts]" = OrderedDict()
