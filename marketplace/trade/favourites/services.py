"""Writes: save a car, forget it, count that it was looked at."""

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.db.models import F

from marketplace.accounts.models import User
from marketplace.listings.access import PUBLIC
from marketplace.listings.models import Listing
from marketplace.trade.models import Favourite, Views

MOST_OF_A_PERSON = 500


def favourite_add(*, person: User, listing: Listing) -> None:
    """Save a car; the oldest are forgotten when there are too many."""
    Favourite.objects.get_or_create(person=person, listing=listing)
    kept = Favourite.objects.filter(person=person).values_list("pk", flat=True)[:MOST_OF_A_PERSON]
    Favourite.objects.filter(person=person).exclude(pk__in=list(kept)).delete()


def favourite_remove(*, person: User, listing: Listing) -> None:
    """Undo ``favourite_add``."""
    Favourite.objects.filter(person=person, listing=listing).delete()


def favourites_adopt(*, person: User, codes: Collection[str]) -> None:
    """What was saved before signing in, the last saved first, becomes the account's."""
    found = {row.code: row for row in Listing.objects.filter(code__in=codes, status__in=PUBLIC).exclude(seller=person)}
    for code in reversed(list(codes)):
        if code in found:
            favourite_add(person=person, listing=found[code])


def favourites_forget_gone(*, person: User) -> None:
    """Forget the saved cars that are not on offer."""
    Favourite.objects.filter(person=person).exclude(listing__status__in=PUBLIC).delete()


def view_count(*, listing: Listing) -> None:
    """One more has looked at it."""
    same = Views.objects.filter(listing=listing)
    if same.update(count=F("count") + 1):
        return
    try:
        with transaction.atomic():
            Views.objects.create(listing=listing, count=1)
    except IntegrityError:  # the first two looked at the same moment
        same.update(count=F("count") + 1)
