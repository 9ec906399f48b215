"""Try a photo without an account."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from classifier.formats import ACCEPT, NAMES
from marketplace.pages import is_htmx
from marketplace.photos.file_words import formats_words
from marketplace.photos.forms import upload_read
from marketplace.photos.intake.callers import visitor
from marketplace.photos.limits import identify_allowed
from marketplace.photos.script_words import upload_words
from marketplace.photos.selectors import photo_of_visitor, prediction_latest
from marketplace.photos.services import PhotoRejected, photo_add

TOO_OFTEN = _("You have asked about many photos in a short time. Please wait a minute and try again.")


@require_http_methods(["GET", "HEAD", "POST"])
def identify(request: HttpRequest) -> HttpResponse:
    """One photo in; on to the page that shows what is in it."""
    if request.method != "POST":
        return render(request, "photos/identify.html", _form())
    if not identify_allowed(request):
        return _refuse(request, str(TOO_OFTEN), status=429)
    upload = request.FILES.get("photo")
    if not isinstance(upload, UploadedFile):
        return _refuse(request, gettext("Choose a photo first."), status=422)
    try:
        data = upload_read(upload)
        photo = photo_add(listing=None, data=data, filename=upload.name or "", caller=visitor(request))
    except PhotoRejected as error:
        return _refuse(
            request, error.message, status=error.status, retry_after_s=error.retry_after_s, code=error.reason_code
        )
    address = reverse("photos:identify_result", args=[photo.pk])
    return JsonResponse({"location": address}, status=201) if _wants_json(request) else redirect(address)


@require_safe
def identify_result(request: HttpRequest, photo_id: UUID) -> HttpResponse:
    """What is in the photo: polled until the worker has looked."""
    photo = photo_of_visitor(photo_id=photo_id)
    if photo is None:
        if is_htmx(request):
            return render(request, "photos/_gone.html")
        raise Http404
    if is_htmx(request) and request.GET.get("status") == photo.status:
        return HttpResponse(status=204)
    template = "photos/_result.html" if is_htmx(request) else "photos/identify_result.html"
    return render(request, template, {"photo": photo, "prediction": prediction_latest(photo=photo)})


def _form() -> dict[str, Any]:
    return {
        "accept": ACCEPT,
        "formats": formats_words(NAMES),
        "limit": settings.PHOTO_MAX_BYTES,
        "words": upload_words(),
    }


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _refuse(
    request: HttpRequest, message: str, *, status: int, retry_after_s: int | None = None, code: str = ""
) -> HttpResponse:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    if _wants_json(request):
        return JsonResponse({"message": message, "code": code}, status=status, headers=headers)
    answer = render(request, "photos/identify.html", {**_form(), "refused": message}, status=status)
    for name, value in headers.items():
        answer[name] = value
    return answer
