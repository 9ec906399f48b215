"""The people of the demonstration have something to say to each other."""

from marketplace.operations.demo.dealings import dealings_add
from marketplace.trade.messages.selectors import threads_unread
from marketplace.trade.models import Favourite, Offer, SavedSearch, Thread
from tests.factories import ListingFactory, UserFactory


def test_the_first_seller_has_messages_to_answer_and_an_offer(alice):
    others = [UserFactory() for _ in range(3)]
    for seller in (alice, alice, others[0]):
        ListingFactory(seller=seller, live=True, price=9990)
    dealings_add(first=alice, others=others)
    assert threads_unread(person=alice) == Thread.objects.count() == 2
    assert Offer.objects.get().price == 9350
    assert Favourite.objects.count() == 3
    assert SavedSearch.objects.get().person == alice


def test_one_seller_without_a_car_is_left_alone(alice):
    dealings_add(first=alice, others=[])
    assert not Thread.objects.exists()
