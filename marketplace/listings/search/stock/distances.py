"""How far the cars of the stock are from a town."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from marketplace.listings.places.towns import ANY_COUNTRY, Town, towns
from marketplace.listings.search.criteria import CHOICES
from marketplace.listings.search.stock.columns import Stock

NOWHERE = 10**12
"""Metres to a place that the table of towns lacks: farther than any radius, last in every order."""


def metres_from(stock: Stock, town: Town) -> NDArray[np.int64]:
    """By slot. Cars of one place are looked up once."""
    table = towns()
    kilometres = table.kilometres(town)
    countries = (ANY_COUNTRY, *CHOICES["country"].values)
    width = max(len(stock.places), 1)
    both = stock.column("country").astype(np.int64) * width + stock.column("place")
    pairs, which = np.unique(both, return_inverse=True)
    metres = np.full(len(pairs), NOWHERE, np.int64)
    for index, pair in enumerate(pairs.tolist()):
        country, place = divmod(pair, width)
        number = table.number(country=countries[country], key=stock.places[place][0])
        if number is not None:
            metres[index] = round(kilometres[number] * 1000)
    found: NDArray[np.int64] = metres[which]
    return found
