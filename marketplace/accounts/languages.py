"""In which language somebody reads the site, and how that is kept.

The cookie decides, before it what the browser asks for; ``?lang=de`` decides for one request, so
that each language of a page has an address. An account keeps its person's language for mails, and
brings it along when somebody signs in: see docs/adr/0072.
"""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers

from marketplace.accounts.models import User
from marketplace.accounts.services import language_keep

PARAMETER = "lang"


def is_spoken(code: str | None) -> bool:
    """Whether the site speaks this language."""
    return code in dict(settings.LANGUAGES)


class LanguageMiddleware(LocaleMiddleware):
    """Django's, with an address for each language and the language that an account brings along."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        asked = request.GET.get(PARAMETER)
        if asked is not None and is_spoken(asked):
            translation.activate(asked)
            request.LANGUAGE_CODE = asked
            request.language_asked = asked  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        response = super().process_response(request, response)
        if not response.get("Content-Type", "").startswith("image/"):  # photos say the same to everybody
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        if (taken := getattr(request, "language_taken", None)) is not None:
            language_remember(response, taken)
        return response


def language_remember(response: HttpResponseBase, language: str) -> None:
    """Store the choice in this browser."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )


def address_in(address: str, language: str) -> str:
    """The address of the same page in one language; empty: in whichever the visitor reads."""
    parts = urlsplit(address)
    query = [part for part in parts.query.split("&") if part and part.partition("=")[0] != PARAMETER]
    if language:
        query.append(f"{PARAMETER}={language}")
    return urlunsplit(parts._replace(query="&".join(query)))


@receiver(user_logged_in)
def language_bring(sender: object, request: HttpRequest | None, user: User, **_more: Any) -> None:
    """Whoever signs in reads on in the account's language; an account without one takes this."""
    here = getattr(request, "LANGUAGE_CODE", None)
    if here is None:  # no visitor's request, but a program's
        return
    if user.language:
        request.language_taken = user.language  # type: ignore[union-attr]
    else:
        language_keep(user=user, language=here)
