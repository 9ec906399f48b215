"""Every search as an Atom feed: its newest cars, for feed readers."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.listings.search.criteria import Criteria
from marketplace.listings.search.facets import chips_of
from marketplace.listings.search.services import Place, search

MOST = 50
FORMAT = "atom"
"""As the parameter ``format`` asks for it."""


def feed_url(criteria: Criteria) -> str:
    """The address of a search's feed."""
    return replace(criteria, sort="newest").url(format=FORMAT)


def feed(request: HttpRequest, criteria: Criteria) -> HttpResponse:
    """The newest cars that meet the criteria, whatever order they ask for."""
    newest = replace(criteria, sort="newest")
    found = search(newest, place=Place(), size=MOST)
    asked = ", ".join(chip.label for chip in chips_of(newest))
    atom = Atom1Feed(
        title=f"Forecourt: {asked}" if asked else _("Forecourt: all cars for sale"),
        link=request.build_absolute_uri(newest.url()),
        feed_url=request.build_absolute_uri(feed_url(criteria)),
        description="",
        language=get_language(),
    )
    for listing in found.listings:
        address = request.build_absolute_uri(listing.get_absolute_url())
        content = {"listing": listing, "site": request.build_absolute_uri("/").rstrip("/")}
        atom.add_item(
            title=listing.title,
            link=address,
            unique_id=address,
            description=render_to_string("listings/feed_item.html", content),
            pubdate=listing.published_at,
            updateddate=listing.published_at,
        )
    return HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
