"""What the moderator's pages share, whether they are about listings or about labels."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from marketplace.listings.models import Listing
from marketplace.moderation.decisions.records import DecisionLate, DecisionRefused
from marketplace.moderation.labels.doubts import LabelRefused, labels_open
from marketplace.moderation.models import KindLabel
from marketplace.moderation.reports import reports_open
from marketplace.moderation.selectors import cars_search, queue

SKIPPED_MOST = 500
SEARCH_LETTERS = 120
Item = TypeVar("Item")


@dataclass(frozen=True)
class SkipList:
    """What a moderator skipped in one queue, kept in the session."""

    session_key: str

    def of(self, request: HttpRequest) -> list[Any]:
        """The items that were skipped."""
        skipped: list[Any] = request.session.get(self.session_key, [])
        return skipped

    def add(self, request: HttpRequest, item: str | int) -> None:
        """Skip an item; the oldest ones are forgotten when there are too many."""
        skipped = [*request.session.get(self.session_key, []), item]
        request.session[self.session_key] = skipped[-SKIPPED_MOST:]

    def next(self, request: HttpRequest, find: Callable[[Collection[Any]], Item | None]) -> Item | None:
        """The queue's next item, found without the skipped ones.

        When nothing else is left, what was skipped comes again.
        """
        skipped = request.session.get(self.session_key, [])
        item = find(skipped)
        if item is None and skipped:
            request.session[self.session_key] = []
            item = find([])
        return item


REFUSED = 422
"""Status for the desk's script: the decision is incomplete. 409: it came too late."""


def is_desk(request: HttpRequest) -> bool:
    """Whether the desk's script asks, which shows the answer itself and is at the next car."""
    return request.headers.get("X-Desk") == "1"


def decision_store(
    request: HttpRequest,
    *,
    form: forms.Form,
    store: Callable[[dict[str, Any]], str],
    waits: Callable[[], bool],
    here: HttpResponse,
    onward: HttpResponse,
) -> HttpResponse:
    """Store a moderator's decision, tell them how that went, and go on to the next item.

    store: stores the form's values and returns what to tell. waits: whether the item can still be
    decided after a refusal; if so the moderator stays here. The desk's script gets JSON: 409 for a
    decision that came too late, 422 for one that is incomplete.
    """
    if not form.is_valid():
        words = " ".join(str(text) for texts in form.errors.values() for text in texts)
        if is_desk(request):
            return JsonResponse({"words": words}, status=REFUSED)
        messages.error(request, words)
        return here
    try:
        stored = store(form.cleaned_data)
    except (DecisionRefused, LabelRefused) as refused:
        if is_desk(request):
            late = not isinstance(refused, DecisionRefused) or isinstance(refused, DecisionLate)
            return JsonResponse({"words": str(refused)}, status=409 if late else REFUSED)
        messages.error(request, str(refused))
        return here if waits() else onward
    if is_desk(request):
        return JsonResponse({"words": stored, **counts()})
    messages.success(request, stored)
    return onward


def reviewable(code: str) -> Listing:
    """A listing that was submitted at least once, for drafts are private. Raises Http404."""
    listing = get_object_or_404(Listing.objects.select_related("make", "car_model", "seller"), code=code)
    if listing.status == Listing.Status.DRAFT and not listing.decisions.exists():
        raise Http404
    return listing


def counts() -> dict[str, int]:
    """How much waits in each queue."""
    return {
        "waiting": queue().count(),
        "labels_waiting": labels_open().count(),
        "kinds_waiting": KindLabel.objects.filter(kind="").count(),
        "reports_waiting": reports_open().count(),
    }


def found_cars(request: HttpRequest) -> dict[str, Any]:
    """What a moderator searches for (``?q=``), and the catalogue's cars that match."""
    text = request.GET.get("q", "")[:SEARCH_LETTERS].strip()
    return {"text": text, "cars": cars_search(text=text)}


def picture_response(file: FieldFile, *, content_type: str) -> FileResponse:
    """A picture that never changes under its address. Raises Http404 if the file is gone."""
    try:
        content = file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        content,
        content_type=content_type,
        headers={"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"},
    )
