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


def permitted(request: HttpRequest, permission: str) -> User:
    """The signed-in user, if they have this permission ("app.codename"). Raises Http404."""
    user = signed_in(request)
    if not user.has_perm(permission):
        raise Http404
    return user


def sees_figures(request: HttpRequest) -> User:
    """The signed-in moderator, or an operator who may see decisions. Raises Http404."""
    user = signed_in(request)
    if not (user.is_moderator or user.has_perm("moderation.view_decision")):
        raise Http404
    return user
