"""Small questions that every app's pages ask of a request."""

from django.http import HttpRequest


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of the page is asked for, rather than the whole of it."""
    return request.headers.get("HX-Request") == "true"
