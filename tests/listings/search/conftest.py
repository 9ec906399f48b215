from collections.abc import Callable

import pytest

from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.models import Listing
from tests.factories import ListingFactory


@pytest.fixture
def put_car(alice, catalogue) -> Callable[..., Listing]:
    """Puts a car of the whole catalogue on sale: ``put_car("VW", "Golf", price=4000)``."""

    def put(make: str, model: str, **fields) -> Listing:
        return ListingFactory(
            seller=alice, live=True, car_model=catalogue_resolve(make=make, model=model).car_model, **fields
        )

    return put
