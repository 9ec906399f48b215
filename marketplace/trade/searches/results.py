"""What a saved search finds: the only place that knows how the browse page searches."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict

from marketplace.listings.forms import BrowseForm
from marketplace.listings.models import Listing
from marketplace.listings.selectors import listings_search

NOT_ASKED = ("page", "sort")
"""What the browse page's address holds besides the search."""


def searched(query: str) -> QuerySet[Listing]:
    """The cars on sale that the browse page shows for a query string.

    None if a part of it is not valid any more: the page leaves such a part out and says so, but a
    mail about all cars is not what somebody asked for.
    """
    form = BrowseForm(QueryDict(query))
    criteria = form.criteria()
    return Listing.objects.none() if form.errors else listings_search(**criteria)


def searched_new(query: str, *, since: datetime, until: datetime) -> list[Listing]:
    """Of these the ones that went on sale after ``since``, up to ``until``, the newest first."""
    new = searched(query).filter(published_at__gt=since, published_at__lte=until)
    return list(new.order_by("-published_at", "-pk"))


def asked_words(query: str) -> list[str]:
    """What a search asks for, in words: ``["golf", "Fuel: Diesel"]``; empty if for all cars."""
    form = BrowseForm(QueryDict(query))
    valid = form.criteria()
    words = []
    for name, field in form.fields.items():
        # A make of which no car is on sale is not valid just now, but still asked for.
        value = valid.get(name) or form.data.get(name)
        if name in NOT_ASKED or not value:
            continue
        choices = dict(getattr(field, "choices", [])) if isinstance(value, str) else {}
        shown = str(choices.get(value, value))
        words.append(shown if name == "q" else f"{form[name].label}: {shown}")
    return words


def query_clean(query: str) -> str:
    """The query string without page, order and empty parts, in a fixed order."""
    clean = QueryDict(mutable=True)
    for name, values in sorted(QueryDict(query).lists()):
        if name not in NOT_ASKED:
            clean.setlist(name, [value for value in values if value])
    return clean.urlencode()
