"""What a visitor saved without an account goes with them when they sign in or up."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from marketplace.accounts.models import User
from marketplace.trade.favourites.cookies import SAVED
from marketplace.trade.favourites.services import favourites_adopt


class SavedCarsMiddleware:
    """Moves the cookie's cars into the account on the first page after signing in.

    Whichever way somebody signed in, that page is a request of theirs with the cookie. Comes after
    AuthenticationMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Without the cookie nothing is asked, not even the session.
        adopts = SAVED.is_there(request) and isinstance(request.user, User)
        if adopts:
            favourites_adopt(person=request.user, codes=SAVED.read(request))  # type: ignore[arg-type]  # a User, see above
        answer = self._get_response(request)
        if adopts:
            SAVED.clear(answer)
        return answer
