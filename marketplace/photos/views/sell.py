"""The photos on the seller's page: add, show progress, turn, remove, reorder."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.listings.access import own_listing
from marketplace.listings.forms import ListingForm
from marketplace.listings.models import Listing
from marketplace.listings.selectors import car_version
from marketplace.listings.services import EDITABLE
from marketplace.listings.views_sell import car_context
from marketplace.pages import is_htmx
from marketplace.photos.checklist import checklist_of
from marketplace.photos.duplicates import twins_within
from marketplace.photos.forms import upload_read
from marketplace.photos.models import Photo
from marketplace.photos.selectors import photo_removed_last, photos_of
from marketplace.photos.services import (
    PhotoRejected,
    photo_add,
    photo_restore,
    photo_rotate,
    photo_set_aside,
    photos_reorder,
)

QUICK = timedelta(minutes=2)
# After this long the worker is probably away, and asking so often would only keep everybody busy.


@login_required
@require_POST
def upload(request: HttpRequest, code: str) -> HttpResponse:
    """Take photos: one per request from the page's script (JSON), or many from a plain form."""
    started = timezone.now()
    listing = own_listing(request, code)
    files = request.FILES.getlist("photo")
    rejected: list[tuple[str, str]] = []
    status, headers = 422, {}
    photo: Photo | None = None
    why = ""
    if listing.status not in EDITABLE:
        rejected = [
            (
                "",
                _("This listing is %(status)s: its photos cannot be changed here.")
                % {"status": listing.get_status_display()},
            )
        ]
    elif not files:
        rejected = [("", _("Choose a photo first."))]
    else:
        for file in files:
            try:
                photo = photo_add(listing=listing, data=upload_read(file), filename=file.name or "")
            except PhotoRejected as error:  # the others go on
                rejected.append((file.name or "photo", error.message))
                status, why = error.status, error.reason_code
                headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else {}
    if request.headers.get("Accept") == "application/json":
        if rejected or photo is None:
            message = " ".join(message for _, message in rejected)
            return JsonResponse({"message": message, "code": why}, status=status, headers=headers)
        return JsonResponse({"id": str(photo.pk), "already": photo.created_at < started}, status=201)
    for name, message in rejected:
        messages.error(request, f"{name}: {message}" if name else message)
    return redirect("listings:edit", listing.code)


@login_required
@require_safe
def tiles(request: HttpRequest, code: str) -> HttpResponse:
    """The photos' progress and what they fill in; 204 if the page already shows it."""
    listing = own_listing(request, code)
    return _tiles(request, listing)


@login_required
@require_POST
def delete(request: HttpRequest, code: str, photo_id: UUID) -> HttpResponse:
    """Take a photo out; the page offers to undo that."""
    listing = own_listing(request, code)
    photo_set_aside(photo=get_object_or_404(Photo, pk=photo_id, listing=listing))
    return _answer(request, listing)


@login_required
@require_POST
def restore(request: HttpRequest, code: str, photo_id: UUID) -> HttpResponse:
    """Undo ``delete``."""
    listing = own_listing(request, code)
    photo = get_object_or_404(Photo, pk=photo_id, removed_from=listing)
    try:
        photo_restore(listing=listing, photo_id=photo.pk)
    except PhotoRejected as error:
        return _answer(request, listing, refused=error.message)
    return _answer(request, listing)


@login_required
@require_POST
def rotate(request: HttpRequest, code: str, photo_id: UUID) -> HttpResponse:
    """Turn a photo by a quarter of a circle, clockwise."""
    listing = own_listing(request, code)
    photo = get_object_or_404(Photo, pk=photo_id, listing=listing)
    try:
        if listing.status in EDITABLE:
            photo_rotate(photo=photo, quarters=1)
    except PhotoRejected as error:
        return _answer(request, listing, refused=error.message)
    return _answer(request, listing)


@login_required
@require_POST
def order(request: HttpRequest, code: str) -> HttpResponse:
    """Put photos that were uploaded together last, in the order in which they were chosen."""
    listing = own_listing(request, code)
    keys = {str(row.pk): row.pk for row in photos_of(listing=listing)}
    last = [keys[word] for word in dict.fromkeys(request.POST.getlist("photo")) if word in keys]
    photos_reorder(listing=listing, photo_ids=[*(key for key in keys.values() if key not in last), *last])
    return HttpResponse(status=204)


@login_required
@require_POST
def move(request: HttpRequest, code: str, photo_id: UUID) -> HttpResponse:
    """Move a photo.

    ``to=cover`` makes it the cover, ``earlier`` and ``later`` move it by one place, ``before`` puts
    it before the photo that ``other`` names, or last.
    """
    listing = own_listing(request, code)
    photo = get_object_or_404(Photo, pk=photo_id, listing=listing)
    keys = [row.pk for row in photos_of(listing=listing)]
    to = request.POST.get("to", "")
    new = moved(keys, photo.pk, to, other=request.POST.get("other", ""))
    photos_reorder(listing=listing, photo_ids=new, by_hand=True, as_cover=to == "cover")
    return _answer(request, listing)


def moved(keys: Sequence[UUID], key: UUID, to: str, other: str = "") -> list[UUID]:
    """The keys with one moved, see ``move``; unchanged for any other word."""
    rest = [one for one in keys if one != key]
    old = list(keys).index(key)
    before = [str(one) for one in rest].index(other) if other in map(str, rest) else len(rest)
    place = {"cover": 0, "earlier": max(old - 1, 0), "later": old + 1, "before": before}.get(to, old)
    return [*rest[:place], key, *rest[place:]]


def _answer(request: HttpRequest, listing: Listing, *, refused: str = "") -> HttpResponse:
    """What the photos are after a change; refused: why there was none."""
    if is_htmx(request):
        listing.refresh_from_db()
        return _tiles(request, listing, refused=refused)
    if refused:
        messages.error(request, refused)
    return redirect("listings:edit", listing.code)


def _tiles(request: HttpRequest, listing: Listing, *, refused: str = "") -> HttpResponse:
    context = {**tiles_context(listing), "refused": refused}
    shown = {**request.GET.dict(), **request.POST.dict()}
    context["car_changed"] = shown.get("car_version") != car_version(listing)
    if request.method == "GET" and not context["car_changed"] and shown.get("tiles_version") == context["version"]:
        return HttpResponse(status=204)
    if context["car_changed"]:
        context |= car_context(listing, ListingForm(listing=listing))
    return render(request, "photos/_tiles.html", {**context, "listing": listing, "oob": True})


def tiles_context(listing: Listing) -> dict[str, Any]:
    """What the tiles show: three queries."""
    photos = list(photos_of(listing=listing))
    settled = sum(photo.is_settled for photo in photos)
    unsettled = [photo for photo in photos if not photo.is_settled]
    quick = any(photo.created_at > timezone.now() - QUICK for photo in unsettled)
    every = ("600ms" if quick else "5s") if unsettled else ""
    told = [(str(photo.pk), photo.status, photo.outcome, photo.kind, photo.chosen_cover) for photo in photos]
    removed = photo_removed_last(listing=listing)
    places = {photo: number for number, photo in enumerate(photos, start=1)}
    return {
        "photos": photos,
        "checklist": checklist_of(photos=photos),
        "settled": settled,
        "every": every,
        "removed": removed,
        # By the later photo, the number of the earlier one that shows the same.
        "same": {later.pk: places[twin.other] for later, twin in twins_within(photos).items()},
        "chosen": any(photo.chosen_cover for photo in photos),
        "version": hashlib.sha256(repr((told, every, removed and removed.pk)).encode()).hexdigest()[:16],
    }
