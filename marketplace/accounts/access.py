"""Who the visitor is and what they may do.

Anyone without access gets 404, not 403, so that they do not learn what exists.
"""

from allauth.usersessions.models import UserSession
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from marketplace.accounts.models import User


def signed_in(request: HttpRequest) -> User:
    """The signed-in user, typed. For views behind ``login_required``. Raises Http404."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def moderator(request: HttpRequest) -> User:
    """The signed-in moderator. Raises Http404 for everyone else."""
    user = signed_in(request)
    if not user.is_moderator:
        raise Http404
    return user


def own_session(request: HttpRequest, pk: int) -> UserSession:
    """One of the places where the visitor is signed in. Raises Http404."""
    session: UserSession = get_object_or_404(UserSession, pk=pk, user=signed_in(request))
    return session
