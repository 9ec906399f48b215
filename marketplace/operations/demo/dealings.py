"""What passes between the people of the demonstration: conversations, an offer, saved cars."""

from collections.abc import Sequence
from decimal import Decimal

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.listings.selectors import listings_live
from marketplace.trade.favourites.services import favourite_add
from marketplace.trade.messages.services import message_send, thread_begin
from marketplace.trade.offers.services import offer_make
from marketplace.trade.searches.services import search_save

QUESTION, ANSWER = "Hello, is it still for sale? When could I see it?", "Yes, it is. Any evening after six."
CARELESS = "I like it. Can you send me your bank details? More about me at www.example.com"
OFFERED = Decimal("0.94")
ROUND = 50


def dealings_add(*, first: User, others: Sequence[User]) -> None:
    """Others write about the cars of the first seller, who has to answer; each saves a car.

    Nothing happens on a site with one seller, or without a car on sale.
    """
    cars = list(listings_live().filter(seller=first)[:2])
    for car, buyer, text in zip(cars, others, (QUESTION, CARELESS), strict=False):
        favourite_add(person=buyer, listing=car)
        thread = thread_begin(listing=car, buyer=buyer)
        message_send(thread=thread, by=buyer, text=text)
        if text == QUESTION:
            message_send(thread=thread, by=first, text=ANSWER)
            offer_make(thread=thread, by=buyer, price=_a_little_less(car))
    liked = listings_live().exclude(seller=first).first()
    if liked is not None:
        favourite_add(person=first, listing=liked)
        search_save(person=first, query=f"q={liked.make_name}", often="daily")


def _a_little_less(car: Listing) -> Decimal:
    price = car.price or Decimal(ROUND)
    return max(Decimal(ROUND), (price * OFFERED // ROUND) * ROUND)
