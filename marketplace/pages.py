"""Helpers for the pages of every app."""

from django.http import HttpRequest, HttpResponseRedirect


def is_htmx(request: HttpRequest) -> bool:
    """Whether the request is htmx's, for a part of the page rather than all of it."""
    return request.headers.get("HX-Request") == "true"


class SignInAndGoOn(HttpResponseRedirect):
    """To the sign-in page by a view that keeps what was posted and names where to go on with it."""
