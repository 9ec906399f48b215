"""Helpers for the pages of every app."""

from django.http import HttpRequest


def is_htmx(request: HttpRequest) -> bool:
    """Whether the request is htmx's, for a part of the page rather than all of it."""
    return request.headers.get("HX-Request") == "true"
