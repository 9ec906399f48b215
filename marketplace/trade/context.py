"""What every page shows of a visitor's dealings. Asked of the database only where it is shown."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property

from marketplace.accounts.models import User
from marketplace.trade.favourites.selectors import Interest, interest_in_own, saved_codes
from marketplace.trade.messages.selectors import threads_unread


class Dealings:
    """A visitor's dealings, as the template variable ``trade``."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def _person(self) -> User | None:
        user = self._request.user
        return user if isinstance(user, User) else None

    @cached_property
    def saved(self) -> frozenset[str]:
        """The codes of the cars that the visitor saved."""
        return frozenset(saved_codes(self._request))

    @cached_property
    def interest(self) -> dict[int, Interest]:
        """How much others care for the visitor's own cars, by primary key."""
        return interest_in_own(seller=self._person) if self._person else {}

    @cached_property
    def unread(self) -> int:
        """How many conversations have something new."""
        return threads_unread(person=self._person) if self._person else 0


def trade(request: HttpRequest) -> dict[str, Any]:
    """A context processor."""
    return {"trade": Dealings(request)}
