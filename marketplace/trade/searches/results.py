"""What a saved search finds: the only place that knows how the browse page searches."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict

from marketplace.listings.models import Listing
from marketplace.listings.search.facets import chips_of
from marketplace.listings.search.forms import SearchForm
from marketplace.listings.search.matching import listings_matching
from marketplace.listings.search.understanding import criteria_understood

NOT_ASKED = ("page", "after", "before", "typed", "sort")
"""What the browse page's address holds besides the search."""


def searched(query: str) -> QuerySet[Listing]:
    """The cars on sale that the browse page shows for a query string.

    None if a part of it is not valid any more: the page leaves such a part out and says so, but a
    mail about all cars is not what somebody asked for.
    """
    form = SearchForm(QueryDict(query))
    criteria = criteria_understood(form.criteria()).criteria
    return Listing.objects.none() if form.errors else listings_matching(criteria)


def searched_new(query: str, *, since: datetime, until: datetime) -> list[Listing]:
    """Of these the ones that went on sale after ``since``, up to ``until``, the newest first."""
    new = searched(query).filter(published_at__gt=since, published_at__lte=until)
    return list(new.order_by("-published_at", "-pk"))


def asked_words(query: str) -> list[str]:
    """What a search asks for, in words: ``["Golf", "Diesel"]``; empty if for all cars."""
    form = SearchForm(QueryDict(query))
    asked = [chip.label for chip in chips_of(criteria_understood(form.criteria()).criteria)]
    # What is not valid any more is still what somebody asked for.
    return asked + [f"{form[name].label}: {form.data[name]}" for name in form.errors if name in form.data]


def query_clean(query: str) -> str:
    """The query string without page, order and empty parts, in a fixed order."""
    clean = QueryDict(mutable=True)
    for name, values in sorted(QueryDict(query).lists()):
        if name not in NOT_ASKED:
            clean.setlist(name, [value for value in values if value])
    return clean.urlencode()
