"""Who the visitor is and what they may do.

Anyone without access gets 404, not 403, so that they do not learn what exists.
"""

from django.http import Http404, HttpRequest

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
