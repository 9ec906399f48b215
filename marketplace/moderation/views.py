"""The moderator's pages."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import moderator
from marketplace.listings.models import Listing
from marketplace.moderation.forms import REJECT_REASONS, DecisionForm
from marketplace.moderation.labels import labels_open
from marketplace.moderation.models import Decision
from marketplace.moderation.selectors import (
    Car,
    candidates_of,
    cars_search,
    claimed_by_others,
    decision_last,
    decisions_recent,
    queue,
)
from marketplace.moderation.services import DecisionRefused, claim_release, decision_make, listing_claim, queue_next
from marketplace.photos.heatmaps import heatmap_of
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.selectors import photos_of, prediction_latest

SKIPPED = "moderation_skipped"  # session key: codes that this moderator passed over
SKIPPED_MOST = 500


@dataclass(frozen=True)
class SeenPhoto:
    """One photo with what the newest version said of it, ready for the page."""

    photo: Photo
    prediction: Prediction | None

    @property
    def box(self) -> dict[str, int] | None:
        """The car's outline in pixels of the photo."""
        if self.prediction is None or not self.prediction.box:
            return None
        x1, y1, x2, y2 = self.prediction.box
        return {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}

    @property
    def best(self) -> dict[str, Any] | None:
        return self.prediction.candidates[0] if self.prediction and self.prediction.candidates else None


@login_required
@require_GET
def next_listing(request: HttpRequest) -> HttpResponse:
    """Send the moderator to the listing that needs them most."""
    user = moderator(request)
    skipped = request.session.get(SKIPPED, [])
    listing = queue_next(moderator=user, skip=skipped)
    if listing is None and skipped:
        # Nothing else is left: what was passed over comes again.
        request.session[SKIPPED] = []
        listing = queue_next(moderator=user)
    if listing is not None:
        return redirect("moderation:review", code=listing.code)
    context = {
        "waiting": queue().count(),
        "labels_waiting": labels_open().count(),
        "decided_today": _decided_today(user.pk),
    }
    return render(request, "moderation/nothing.html", context)


@login_required
@require_GET
def review(request: HttpRequest, code: str) -> HttpResponse:
    """One listing, with everything that is needed to decide in a second."""
    user = moderator(request)
    listing = reviewable(code)
    waits = listing.status == Listing.Status.SUBMITTED
    mine = waits and listing_claim(listing=listing, moderator=user)
    if mine:
        listing = reviewable(code)  # held still only now: another model version may have spoken a moment ago
    photos = [SeenPhoto(photo, prediction_latest(photo=photo)) for photo in photos_of(listing=listing)]
    # Cars from outside first: they are what one decides by.
    photos.sort(key=lambda seen: (seen.photo.outcome != Photo.Outcome.OK, seen.photo.position))
    other = None if mine or not waits else claimed_by_others(moderator=user).filter(listing=listing).first()
    candidates = candidates_of(listing=listing)
    context = {
        "listing": listing,
        "photos": photos,
        "heatmap": heatmap_of(photo=photos[0].photo) if photos else None,
        "looking": sum(not seen.photo.is_settled for seen in photos),
        "usable": sum(seen.photo.outcome == Photo.Outcome.OK for seen in photos),
        "candidates": [(number, car, isinstance(car, Car)) for number, car in enumerate(candidates, start=1)],
        "stated": Car(listing.make, listing.car_model).value if listing.make and not listing.unlisted else "",
        "meant": cars_search(text=f"{listing.make_name} {listing.model_name}") if listing.unlisted else [],
        "mine": mine,
        "held_by": other.moderator if other else None,
        "last": decision_last(listing=listing),
        "waiting": queue().count(),
        "labels_waiting": labels_open().count(),
        "decided_today": _decided_today(user.pk),
        "reasons": list(enumerate(REJECT_REASONS, start=1)),
    }
    return render(request, "moderation/review.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, code: str) -> HttpResponse:
    """Store a decision and go on to the next listing."""
    user = moderator(request)
    listing = reviewable(code)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect("moderation:review", code=code)
    values = form.cleaned_data
    try:
        decision = decision_make(
            listing=listing,
            moderator=user,
            action=values["action"],
            make=values["make"],
            car_model=values["car_model"],
            reason=values["reason"],
            seen=values["seen"],
        )
    except DecisionRefused as refused:
        messages.error(request, str(refused))
        listing.refresh_from_db()
        if listing.status == Listing.Status.SUBMITTED:
            return redirect("moderation:review", code=code)
        return redirect("moderation:next")
    messages.success(request, _said(decision))
    return redirect("moderation:next")


@login_required
@require_POST
def skip(request: HttpRequest, code: str) -> HttpResponse:
    """Leave a listing to somebody else."""
    user = moderator(request)
    listing = reviewable(code)
    claim_release(listing=listing, moderator=user)
    request.session[SKIPPED] = [*request.session.get(SKIPPED, []), listing.code][-SKIPPED_MOST:]
    return redirect("moderation:next")


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Any make and model of the catalogue, as buttons (htmx)."""
    moderator(request)
    text = request.GET.get("q", "")[:120]
    context = {"cars": cars_search(text=text), "text": text.strip(), "answers": True}
    return render(request, "moderation/_search.html", context)


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """What was decided lately, by people and by policy."""
    moderator(request)
    page = Paginator(decisions_recent(), 50).get_page(request.GET.get("page"))
    context = {"page": page, "waiting": queue().count(), "labels_waiting": labels_open().count()}
    return render(request, "moderation/history.html", context)


def reviewable(code: str) -> Listing:
    """Any listing that was ever handed in; drafts are nobody's business but the seller's."""
    listing = get_object_or_404(Listing.objects.select_related("make", "car_model", "seller"), code=code)
    if listing.status == Listing.Status.DRAFT and not listing.decisions.exists():
        raise Http404
    return listing


def _decided_today(user_id: int) -> int:
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Decision.objects.filter(moderator_id=user_id, created_at__gte=today).count()


def _said(decision: Decision) -> str:
    if decision.action == Decision.Action.REJECT:
        return f"{decision.listing_code} went back to the seller."
    if decision.action == Decision.Action.CORRECT:
        return f"{decision.listing_code} is live as {decision.car} (corrected)."
    return f"{decision.listing_code} is live as {decision.car}."
