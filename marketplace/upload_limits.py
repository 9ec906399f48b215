"""How much a visitor may send at once: asked before a byte of it is read, because what is read lies on our disk."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

ENVELOPE_BYTES = 2**16  # what multipart adds around the files
FORM_BYTES = 2**20  # for pages that take no photo
ONE_PHOTO = {"photos:identify", "photos:upload", "api:recognise"}


class BodySizeMiddleware:
    """413 in words for a body that is too large.

    Stands before CsrfViewMiddleware, which reads the whole body of every form to find its token. A body of no declared
    length needs no limit: Django takes it for empty.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Here and not in __call__, because by now it is known which page is asked for, and by whom."""
        limit = _limit(request)
        return _refusal(request, limit) if int(request.META.get("CONTENT_LENGTH") or 0) > limit else None


def _limit(request: HttpRequest) -> int:
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name not in ONE_PHOTO:
        return FORM_BYTES
    return _photos(request, name) * int(settings.PHOTO_MAX_BYTES) + ENVELOPE_BYTES


def _photos(request: HttpRequest, name: str) -> int:
    """How many may come at once: the script sends one a request, the form of a browser without it all of them."""
    by_form = name == "photos:upload" and not _wants_json(request) and request.user.is_authenticated
    return int(settings.PHOTOS_PER_LISTING) if by_form else 1


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _refusal(request: HttpRequest, limit: int) -> HttpResponse:
    detail = f"What you sent is too large; the limit is {limit // 2**20} MB."
    if request.path.startswith("/api/"):
        return JsonResponse({"code": "too_large", "detail": detail}, status=413)
    if _wants_json(request):
        return JsonResponse({"message": detail}, status=413)
    return render(request, "413.html", {"detail": detail}, status=413)
