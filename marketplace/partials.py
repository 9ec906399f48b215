"""No page ever lands in a part of another page.

Scripts ask for parts of a page (htmx) or for JSON. What would answer them with a whole page (the
sign-in page after the session has ended, an error's page) tells the script so instead; the page
stays as it is, with everything typed on it. static/js/site.js is the other half.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from marketplace.pages import SignInAndGoOn, is_htmx


class PartialsMiddleware:
    """Turns whole pages away from scripts. It stands inside of messages, outside of all views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self._get_response(request)
        if answer.streaming:
            return answer
        to_sign_in = _leads_to_sign_in(answer)
        if not _is_script(request):
            lost = to_sign_in and request.method == "POST" and not isinstance(answer, SignInAndGoOn)
            return _back_to_the_form(request) if lost else answer
        if to_sign_in or (answer.status_code == 401 and not answer.content):
            return signed_out()
        if is_htmx(request):
            patch_vary_headers(answer, ["HX-Request"])
            if 300 <= answer.status_code < 400 and "Location" in answer:
                # The browser would follow it and hand htmx the other page as if it were the part.
                return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
            if answer.status_code >= 400 and _is_whole_page(answer):
                answer["HX-Reswap"] = "none"
        return answer


def signed_out() -> JsonResponse:
    """401 for a script: what to tell in place, and where to sign in again."""
    return JsonResponse(
        {
            "message": _("You are signed out. What you typed stays on this page."),
            "label": _("Sign in again"),
            "sign_in": resolve_url(settings.LOGIN_URL),
        },
        status=401,
        headers={"HX-Reswap": "none"},
    )


def _is_script(request: HttpRequest) -> bool:
    return is_htmx(request) or request.headers.get("Accept") == "application/json"


def _leads_to_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and urlsplit(answer["Location"]).path == resolve_url(settings.LOGIN_URL)


def _is_whole_page(answer: HttpResponse) -> bool:
    return answer.content.lstrip()[:15].lower().startswith(b"<!doctype")


def _back_to_the_form(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there to the page with the form, not to the form's address.

    That address takes posts only, and what was posted is gone by then.
    """
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()})
    parts = urlsplit(page if ours else "/")
    onward = urlencode({"next": f"{parts.path}?{parts.query}" if parts.query else parts.path})
    messages.warning(request, _("Your session had ended before this could be stored. Sign in and send it again."))
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{onward}")
