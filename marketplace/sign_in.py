"""What a visitor typed before signing in: kept in their session, given back afterwards."""

from collections.abc import Mapping
from typing import Any

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from marketplace.pages import SignInAndGoOn, is_htmx

KEY = "unsent"
MOST = 5
"""How many are kept; the oldest goes first."""
LETTERS, VALUES = 5000, 200  # of a text, and of a field with several


def sign_in_first(
    request: HttpRequest, *, then: str, name: str = "", typed: Mapping[str, str | list[str]] | None = None
) -> HttpResponse:
    """Send the visitor to the sign-in page, and from there to ``then``.

    typed: kept under ``name`` until ``typed_before`` asks for it; not from an address that sends it
    all the time, because each such visitor would be given a session of their own.
    """
    if typed and any(typed.values()) and ratelimit.consume(request, action="typed"):
        kept = {key: value for key, value in request.session.get(KEY, {}).items() if key != name}
        kept[name] = {field: _cut(said) for field, said in typed.items()}
        request.session[KEY] = dict(list(kept.items())[-MOST:])
    answer = SignInAndGoOn(redirect_to_login(then, resolve_url(settings.LOGIN_URL))["Location"])
    if is_htmx(request):
        # htmx would put the sign-in page into a part of this one.
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


def _cut(said: str | list[str]) -> str | list[str]:
    return said[:LETTERS] if isinstance(said, str) else [text[:LETTERS] for text in said[:VALUES]]


def typed_before(request: HttpRequest, name: str) -> dict[str, Any]:
    """What was kept under ``name``; an empty dict if there is nothing."""
    kept: dict[str, Any] = request.session.get(KEY, {}).get(name, {})
    return kept


def typed_forget(request: HttpRequest, name: str) -> None:
    """It was sent."""
    if name in request.session.get(KEY, {}):
        request.session[KEY] = {key: value for key, value in request.session[KEY].items() if key != name}
