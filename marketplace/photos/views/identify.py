"""Try photos without an account."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classifier.formats import ACCEPT, NAMES
from marketplace.pages import is_htmx
from marketplace.photos.asking.answers import Says, answer_of
from marketplace.photos.asking.donations import question_donate, question_take_back
from marketplace.photos.asking.services import (
    MOST_PHOTOS,
    question_about_car,
    question_begin,
    question_photo,
    question_photo_add,
)
from marketplace.photos.file_words import formats_words
from marketplace.photos.forms import upload_read
from marketplace.photos.intake.callers import visitor
from marketplace.photos.likeness.search import cars_like
from marketplace.photos.limits import identify_allowed
from marketplace.photos.models import Question
from marketplace.photos.script_words import upload_words
from marketplace.photos.selectors import question_of_visitor
from marketplace.photos.services import PhotoRejected


@require_http_methods(["GET", "HEAD", "POST"])
def identify(request: HttpRequest) -> HttpResponse:
    """Photos of one car in; on to the page that shows which it is.

    The script sends them one by one, all but the first with the question that they belong to; a
    browser without it sends them all at once.
    """
    if request.method != "POST":
        return render(request, "photos/identify.html", {**_form(), "then": request.GET.get("then", "")})
    uploads = [one for one in request.FILES.getlist("photo") if isinstance(one, UploadedFile)]
    if not all(identify_allowed(request) for _ in range(max(1, len(uploads)))):
        return _refuse(request, _too_often(), status=429)
    if not uploads:
        return _refused(request, None)
    question, refused = _photos_added(request, uploads)
    if question is None or (refused is not None and (_wants_json(request) or not question.photos.exists())):
        return _refused(request, refused)
    if refused is not None:
        messages.warning(request, refused.message)
    name = "photos:identify_cars" if request.POST.get("then") == "cars" else "photos:identify_result"
    address = reverse(name, args=[question.pk])
    if _wants_json(request):
        return JsonResponse({"location": address, "question": str(question.pk)}, status=201)
    return redirect(address)


def _photos_added(
    request: HttpRequest, uploads: list["UploadedFile[Any]"]
) -> tuple[Question | None, PhotoRejected | None]:
    """The question, and why the last of the photos that were not taken was not."""
    question, refused = _asked(request), None
    for upload in uploads:
        try:
            data = upload_read(upload)
            question = question or question_begin()
            question_photo_add(question=question, data=data, filename=upload.name or "", caller=visitor(request))
        except PhotoRejected as error:
            refused = error
    return question, refused


@require_safe
def identify_result(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """What is in the photos: polled until the worker has looked at all of them."""
    question = question_of_visitor(question_id=question_id)
    if question is None:
        if is_htmx(request):
            return render(request, "photos/_gone.html")
        raise Http404
    answer = answer_of(question=question)
    if is_htmx(request) and request.GET.get("seen") == f"{answer.settled}/{len(answer.photos)}":
        return HttpResponse(status=204)
    template = "photos/asking/_result.html" if is_htmx(request) else "photos/identify_result.html"
    return render(request, template, {"question": question, "answer": answer})


@require_safe
def identify_cars(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Cars on sale that look like the one on the photos: polled until those were looked at."""
    question = question_of_visitor(question_id=question_id)
    if question is None:
        if is_htmx(request):
            return render(request, "photos/_gone.html")
        raise Http404
    answer = answer_of(question=question)
    if is_htmx(request) and request.GET.get("seen") == f"{answer.settled}/{len(answer.photos)}":
        return HttpResponse(status=204)
    found = cars_like(question=question) if answer.says in {Says.CAR, Says.UNKNOWN} else None
    template = "photos/asking/_cars.html" if is_htmx(request) else "photos/asking/cars.html"
    return render(request, template, {"question": question, "answer": answer, "found": found})


@require_POST
def identify_car(request: HttpRequest, question_id: UUID, photo_id: UUID) -> HttpResponse:
    """Ask about one of the cars that a picture shows."""
    question = question_of_visitor(question_id=question_id)
    photo = question_photo(question=question, photo_id=photo_id) if question else None
    if photo is None:
        raise Http404
    if not identify_allowed(request):
        return _refuse(request, _too_often(), status=429)
    number = request.POST.get("car", "")
    try:
        car = int(number) if number.isdecimal() else -1
        about = question_about_car(photo=photo, car=car, caller=visitor(request))
    except PhotoRejected as error:
        return _refused(request, error)
    return redirect("photos:identify_result", about.pk if about else question_id)


@require_POST
def identify_donate(request: HttpRequest, question_id: UUID) -> HttpResponse:
    """Give the photos for training, or take them back; nothing is given without the tick."""
    question = question_of_visitor(question_id=question_id)
    if question is None:
        raise Http404
    if request.POST.get("donate") == "yes":
        question_donate(question=question)
    else:
        question_take_back(question=question)
    return redirect("photos:identify_result", question.pk)


def _asked(request: HttpRequest) -> Question | None:
    """The question that a further photo belongs to."""
    try:
        key = UUID(request.POST.get("question", ""))
    except ValueError:
        return None
    return question_of_visitor(question_id=key)


def _form() -> dict[str, Any]:
    return {
        "accept": ACCEPT,
        "formats": formats_words(NAMES),
        "limit": settings.PHOTO_MAX_BYTES,
        "most": MOST_PHOTOS,
        "words": upload_words(),
    }


def _too_often() -> str:
    return _("You have asked about many photos in a short time. Please wait a minute and try again.")


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _refused(request: HttpRequest, error: PhotoRejected | None) -> HttpResponse:
    if error is None:
        return _refuse(request, _("Choose a photo first."), status=422)
    return _refuse(
        request, error.message, status=error.status, retry_after_s=error.retry_after_s, code=error.reason_code
    )


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
