"""Limits on the size of a request.

They are checked before the body is read, because reading it stores the uploads on our disk.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

ENVELOPE_BYTES = 2**16  # what multipart adds around the files
FORM_BYTES = 2**20  # for pages that take no photo
ASKED_BY_FORM = 3
"""Of the largest size: as much as eight usual photos, from anybody who has no account."""
ONE_PHOTO = {"photos:identify", "photos:upload", "api:recognise"}


class BodySizeMiddleware:
    """Answers 413 with a clear line if the body is too large.

    It must come before CsrfViewMiddleware, which reads the whole body of every form to find the
    token. A body without a declared length needs no limit: Django treats it as empty.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """The check is here and not in __call__, because the page and the user are known by now."""
        limit = _limit(request)
        return _refusal(request, limit) if int(request.META.get("CONTENT_LENGTH") or 0) > limit else None


def _limit(request: HttpRequest) -> int:
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name not in ONE_PHOTO:
        return FORM_BYTES
    return _photos(request, name) * int(settings.PHOTO_MAX_BYTES) + ENVELOPE_BYTES


def _photos(request: HttpRequest, name: str) -> int:
    """How many photos may come at once.

    The upload script sends one per request; a browser without scripts sends them all in one form.
    """
    by_form = name == "photos:upload" and not _wants_json(request) and request.user.is_authenticated
    asked = name == "photos:identify" and not _wants_json(request)
    return int(settings.PHOTOS_PER_LISTING) if by_form else ASKED_BY_FORM if asked else 1


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _refusal(request: HttpRequest, limit: int) -> HttpResponse:
    detail = _("What you sent is too large; the limit is %(limit)s MB.") % {"limit": limit // 2**20}
    if request.path.startswith("/api/"):
        return JsonResponse({"code": "too_large", "detail": detail}, status=413)
    if _wants_json(request):
        return JsonResponse({"message": detail}, status=413)
    return render(request, "413.html", {"detail": detail}, status=413)
