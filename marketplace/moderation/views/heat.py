"""Heat maps: which parts of a photo led to its recognition. The worker draws them on request."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.accounts.access import moderator
from marketplace.moderation.selectors import ReviewPhoto
from marketplace.moderation.views.shared import picture_response, reviewable
from marketplace.pages import is_htmx
from marketplace.photos.heatmaps.services import HeatmapRefused, heatmap_of, heatmap_request
from marketplace.photos.models import Heatmap, Photo
from marketplace.photos.selectors import prediction_latest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def heat(request: HttpRequest, code: str, photo_id: UUID) -> HttpResponse:
    """POST asks for a photo's heat map; the page polls with GET until it is drawn (htmx)."""
    moderator(request)
    photo = _photo(code, photo_id)
    refused = ""
    heatmap = None
    if request.method == "POST":
        try:
            heatmap = heatmap_request(photo=photo)
        except HeatmapRefused as error:
            refused = str(error)
    else:
        heatmap = heatmap_of(photo=photo)
        if heatmap is not None and is_htmx(request) and request.GET.get("status") == heatmap.status:
            return HttpResponse(status=204)
    if not is_htmx(request):
        if refused:
            messages.error(request, refused)
        return redirect("moderation:review", code=code)
    crop = ReviewPhoto(photo, prediction_latest(photo=photo)).crop
    context = {
        "listing": photo.listing,
        "photo": photo,
        "crop": crop,
        "heatmap": heatmap,
        "refused": refused,
        "asked": True,
    }
    return render(request, "moderation/_heat.html", context)


@login_required
@require_safe
def heat_picture(request: HttpRequest, code: str, photo_id: UUID) -> FileResponse:
    """The heat map itself; its address holds the row's key, so what it shows never changes."""
    moderator(request)
    heatmap = heatmap_of(photo=_photo(code, photo_id))
    if heatmap is None or heatmap.status != Heatmap.Status.DONE:
        raise Http404
    return picture_response(heatmap.file, content_type="image/png")


def _photo(code: str, photo_id: UUID) -> Photo:
    return get_object_or_404(Photo.objects.select_related("listing"), pk=photo_id, listing=reviewable(code))
