"""What a listing's page shows of the cars around it."""

from typing import NamedTuple

from marketplace.listings.market.comparables import PricePlaced, price_placed
from marketplace.listings.market.similar import Likeness, listings_shown, similar_ids
from marketplace.listings.models import GoneListing, Listing
from marketplace.listings.search.stock.loading import stock_now
from marketplace.listings.selectors import others_of

MOST_OTHERS = 4


class Around(NamedTuple):
    """A listing among the others."""

    placed: PricePlaced | None
    others: list[Listing]
    """Of the same seller."""
    similar: list[Listing]
    """Of other sellers."""


def around(listing: Listing) -> Around:
    """For the page of a car that is on sale or was sold lately."""
    others = others_of(listing=listing, most=MOST_OTHERS)
    with stock_now() as stock:
        placed = price_placed(listing, stock)
        ids = similar_ids(stock, Likeness.of(listing), without=frozenset(one.pk for one in others))
    return Around(placed, others, listings_shown(ids))


def similar_to_gone(gone: Listing | GoneListing) -> list[Listing]:
    """Cars on sale that are like one whose page is gone."""
    like = Likeness.of(gone) if isinstance(gone, Listing) else Likeness(0, gone.car_model_id or 0, "", None, None, None)
    with stock_now() as stock:
        ids = similar_ids(stock, like)
    return listings_shown(ids)
