"""Lists of listings that a visitor's own browser keeps for us, signed.

What somebody without an account saved, and what they have looked at in this session, is thus
stored nowhere else.
"""

import json
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

MOST = 60
"""Codes in one cookie; the oldest go first. Browsers keep 4 kB."""


class CodeCookie:
    """A cookie with codes of listings, the last added first."""

    def __init__(self, name: str, *, days: int | None) -> None:
        """days: how long it is kept; None: until the browser is closed."""
        self._name, self._max_age = name, days * 86_400 if days else None

    def read(self, request: HttpRequest) -> list[str]:
        """The codes; none if the cookie is missing, or not signed by this site."""
        try:
            codes: Any = json.loads(request.get_signed_cookie(self._name, max_age=self._max_age) or "[]")
        except (KeyError, signing.BadSignature, ValueError):
            return []
        return [code for code in codes if isinstance(code, str)] if isinstance(codes, list) else []

    def is_there(self, request: HttpRequest) -> bool:
        return self._name in request.COOKIES

    def write(self, answer: HttpResponse, codes: list[str]) -> None:
        """Replace the codes."""
        answer.set_signed_cookie(
            self._name,
            json.dumps(codes[:MOST], separators=(",", ":")),
            max_age=self._max_age,
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )

    def clear(self, answer: HttpResponse) -> None:
        answer.delete_cookie(self._name, samesite="Lax")


SAVED = CodeCookie("saved_cars", days=365)
SEEN = CodeCookie("seen_cars", days=None)
