"""Conversations."""

from factory import SelfAttribute, SubFactory
from factory.django import DjangoModelFactory

from marketplace.trade.models import Thread
from tests.factories.accounts import UserFactory
from tests.factories.listings import ListingFactory


class ThreadFactory(DjangoModelFactory[Thread]):
    """A conversation about a live car, in which nobody has said anything yet."""

    class Meta:
        model = Thread

    listing = SubFactory(ListingFactory, live=True)
    listing_title = SelfAttribute("listing.title")
    seller = SelfAttribute("listing.seller")
    buyer = SubFactory(UserFactory)
