"""The moderator's pages about listings."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import moderator
from marketplace.listings.details.questions import questions_of
from marketplace.listings.models import Listing
from marketplace.moderation.copies import copies_of
from marketplace.moderation.forms import REJECT_REASONS, DecisionForm
from marketplace.moderation.models import Decision
from marketplace.moderation.reports import report_next
from marketplace.moderation.selectors import (
    cars_search,
    claimed_by_others,
    decided_today,
    decision_last,
    decisions_recent,
    photos_to_review,
)
from marketplace.moderation.services import SENT_BACK, claim_release, decision_make, listing_claim, queue_next
from marketplace.moderation.views import reports
from marketplace.moderation.views.choices import listing_choices
from marketplace.moderation.views.shared import SkipList, counts, decision_store, found_cars, reviewable
from marketplace.photos.heatmaps.services import heatmap_of

SKIPPED = SkipList("moderation_skipped")


@login_required
@require_GET
def next_listing(request: HttpRequest) -> HttpResponse:
    """Send the moderator to the report or listing that needs them most."""
    user = moderator(request)
    # What somebody reported is on sale already, so it comes before what waits to be.
    if report_next(moderator=user, skip=reports.SKIPPED.of(request)) is not None:
        return redirect("moderation:reports")
    listing = SKIPPED.next(request, lambda skip: queue_next(moderator=user, skip=skip))
    if listing is not None:
        return redirect("moderation:review", code=listing.code)
    return render(request, "moderation/nothing.html", {**counts(), "decided_today": decided_today(moderator=user)})


@login_required
@require_GET
def review(request: HttpRequest, code: str) -> HttpResponse:
    """One listing, with all that is needed to decide at a glance."""
    user = moderator(request)
    listing = reviewable(code)
    waits = listing.status == Listing.Status.SUBMITTED
    mine = waits and listing_claim(listing=listing, moderator=user)
    if mine:
        listing = reviewable(code)  # read again: the claim keeps it as it is, but it may just have changed
    other = None if mine or not waits else claimed_by_others(moderator=user).filter(listing=listing).first()
    photos = photos_to_review(listing=listing)
    context = {
        "listing": listing,
        "photos": photos,
        "heatmap": heatmap_of(photo=photos[0].photo) if photos else None,
        "looking": sum(not one.photo.is_settled for one in photos),
        "copies": copies_of(listing=listing),
        "without_car": sum(one.photo.shows_no_car for one in photos),
        "choices": listing_choices(listing=listing),
        "confirmed": [one for one in questions_of(listing) if one.key in listing.confirmed],
        "meant": cars_search(text=f"{listing.make_name} {listing.model_name}") if listing.unlisted else [],
        "mine": mine,
        "held_by": other.moderator if other else None,
        "last": decision_last(listing=listing),
        "decided_today": decided_today(moderator=user),
        "reasons": list(enumerate(REJECT_REASONS, start=1)),
        **counts(),
    }
    return render(request, "moderation/review.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, code: str) -> HttpResponse:
    """Store a decision and go on to the next listing."""
    user = moderator(request)
    listing = reviewable(code)

    def store(values: dict[str, Any]) -> str:
        decision = decision_make(
            listing=listing,
            moderator=user,
            action=values["action"],
            make=values["make"],
            car_model=values["car_model"],
            reason=values["reason"],
            seen=values["seen"],
        )
        return _stored(decision)

    return decision_store(
        request,
        form=DecisionForm(request.POST),
        store=store,
        waits=lambda: Listing.objects.filter(pk=listing.pk, status=Listing.Status.SUBMITTED).exists(),
        here=redirect("moderation:review", code=code),
        onward=redirect("moderation:next"),
    )


@login_required
@require_POST
def skip(request: HttpRequest, code: str) -> HttpResponse:
    """Leave a listing to another moderator."""
    user = moderator(request)
    listing = reviewable(code)
    claim_release(listing=listing, moderator=user)
    SKIPPED.add(request, listing.code)
    return redirect("moderation:next")


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Any make and model of the catalogue, as buttons (htmx)."""
    moderator(request)
    return render(request, "moderation/_search.html", {**found_cars(request), "answers": True})


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Recent decisions of moderators and policy."""
    moderator(request)
    page = Paginator(decisions_recent(), 50).get_page(request.GET.get("page"))
    return render(request, "moderation/history.html", {"page": page, **counts()})


def _stored(decision: Decision) -> str:
    if decision.action in SENT_BACK:
        return f"{decision.listing_code} went back to the seller."
    if decision.action == Decision.Action.CORRECT:
        return f"{decision.listing_code} is live as {decision.car} (corrected)."
    return f"{decision.listing_code} is live as {decision.car}."
