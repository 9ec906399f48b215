"""Who the visitor is and what they may do. Strangers get 404, not 403: they do not learn what exists."""

from django.http import Http404, HttpRequest

from marketplace.accounts.models import User


def signed_in(request: HttpRequest) -> User:
    """The signed-in user. Views behind ``login_required`` call this to get the type right."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def moderator(request: HttpRequest) -> User:
    """The signed-in moderator; everybody else is told that there is no such page."""
    user = signed_in(request)
    if not user.is_moderator:
        raise Http404
    return user
