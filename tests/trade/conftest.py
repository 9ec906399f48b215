"""alice sells, dora buys, charlie is the outsider."""

import pytest
from django.test import Client

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.trade.models import Thread
from tests.factories import CarModelFactory, ListingFactory, ThreadFactory, UserFactory


@pytest.fixture
def dora(db) -> User:
    """A buyer."""
    return UserFactory(email="dora@example.org")


@pytest.fixture
def golf(alice) -> Listing:
    """alice's car on sale."""
    model = CarModelFactory(make__name="Volkswagen", name="Golf")
    return ListingFactory(seller=alice, live=True, car_model=model, price=9000)


@pytest.fixture
def thread(golf, dora) -> Thread:
    """What alice and dora say about it: nothing yet."""
    return ThreadFactory(listing=golf, buyer=dora)


@pytest.fixture
def buyer(dora) -> Client:
    """dora's browser, signed in."""
    client = Client()
    client.force_login(dora)
    return client


@pytest.fixture
def outsider(charlie) -> Client:
    """charlie's browser, signed in."""
    client = Client()
    client.force_login(charlie)
    return client
