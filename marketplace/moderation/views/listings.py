"""The moderator's pages about listings."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import moderator
from marketplace.accounts.models import User
from marketplace.listings.details.questions import questions_of
from marketplace.listings.models import Listing
from marketplace.moderation.copies import copies_of
from marketplace.moderation.decisions.rejections import templates_offered
from marketplace.moderation.decisions.removal import can_reinstate, can_take_down
from marketplace.moderation.decisions.undo import undoable_last
from marketplace.moderation.forms import DecisionForm
from marketplace.moderation.models import Decision
from marketplace.moderation.opinions.selectors import as_it_was, opinion_held, reasons_then
from marketplace.moderation.opinions.services import (
    Answer,
    opinion_answer,
    opinion_hold,
    opinion_last,
    opinion_release,
)
from marketplace.moderation.reasons import reasons_of
from marketplace.moderation.reports import report_next
from marketplace.moderation.selectors import (
    cars_search,
    claimed_by_others,
    deadline,
    decided_today,
    decision_last,
    decisions_confused,
    decisions_recent,
    photos_to_review,
    seller_record,
    waiting,
)
from marketplace.moderation.services import claim_release, decision_make, listing_claim, queue_next
from marketplace.moderation.views import reports
from marketplace.moderation.views.choices import listing_choices
from marketplace.moderation.views.shared import SkipList, counts, decision_store, found_cars, is_desk, reviewable
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
    context = desk_context(request, reviewable(code), user)
    return render(request, "moderation/_desk.html" if is_desk(request) else "moderation/review.html", context)


def desk_context(request: HttpRequest, listing: Listing, user: User) -> dict[str, Any]:
    """What the desk shows of a listing. It is claimed for this moderator if it can be."""
    asked = opinion_held(listing=listing, moderator=user)
    if asked is not None:
        # A second opinion is blind: everything is as the first moderator saw it.
        opinion_hold(opinion=asked, moderator=user)
        listing = as_it_was(asked, listing)
    waits = asked is not None or waiting().filter(pk=listing.pk).exists()
    mine = asked is not None or (waits and listing_claim(listing=listing, moderator=user))
    if mine and asked is None:
        listing = reviewable(listing.code)  # read again: the claim keeps it as it is, but it may just have changed
    other = None if mine or not waits else claimed_by_others(moderator=user).filter(listing=listing).first()
    photos = photos_to_review(listing=listing)
    choices = listing_choices(listing=listing)
    return {
        "listing": listing,
        "waits": waits,
        "audit": waits and listing.status != Listing.Status.SUBMITTED,
        "photos": photos,
        "heatmap": heatmap_of(photo=photos[0].photo) if photos else None,
        "looking": sum(not one.photo.is_settled for one in photos),
        "copies": copies_of(listing=listing),
        "reasons": reasons_of(listing) if asked is None else reasons_then(asked),
        "choices": choices,
        "agree": bool(not listing.contradiction and not listing.unlisted and choices and choices[0].stated),
        "against": choices[0] if listing.contradiction and choices and choices[0].field else None,
        "confirmed": [one for one in questions_of(listing) if one.key in listing.confirmed],
        "meant": cars_search(text=f"{listing.make_name} {listing.model_name}") if listing.unlisted else [],
        "mine": mine,
        "held_by": other.moderator if other else None,
        "hold_seconds": settings.MODERATION_CLAIM_SECONDS,
        "deadline": deadline(listing) if waits else None,
        "last": decision_last(listing=listing) if asked is None else None,
        "seller": seller_record(seller=listing.seller),
        "undoable": undoable_last(moderator=user) or opinion_last(moderator=user),
        "decided_today": decided_today(moderator=user),
        "templates": templates_offered(language=get_language() or settings.LANGUAGE_CODE),
        "can_take_down": not waits and can_take_down(listing=listing, moderator=user),
        "can_put_back": asked is None and can_reinstate(listing=listing, moderator=user),
        **found_cars(request),
        **counts(),
    }


@login_required
@require_POST
def decide(request: HttpRequest, code: str) -> HttpResponse:
    """Store a decision and go on to the next listing."""
    user = moderator(request)
    listing = reviewable(code)

    asked = opinion_held(listing=listing, moderator=user)

    def store(values: dict[str, Any]) -> str:
        if asked is not None:
            answer = Answer(values["action"], values["make"], values["car_model"])
            return _stored(
                opinion_answer(
                    opinion=asked, moderator=user, answer=answer, reason=values["reason"], around=values["around"]
                )
            )
        decision = decision_make(
            listing=listing,
            moderator=user,
            action=values["action"],
            make=values["make"],
            car_model=values["car_model"],
            reason=values["reason"],
            seen=values["seen"],
            around=values["around"],
        )
        return _stored(decision)

    return decision_store(
        request,
        form=DecisionForm(request.POST),
        store=store,
        waits=lambda: asked is not None or waiting().filter(pk=listing.pk).exists(),
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
    opinion_release(listing=listing, moderator=user)
    SKIPPED.add(request, listing.code)
    if is_desk(request):
        return JsonResponse({"words": _("%(code)s is left to others.") % {"code": listing.code}, **counts()})
    return redirect("moderation:next")


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Any make and model of the catalogue, as buttons (htmx)."""
    moderator(request)
    context = {**found_cars(request), "answers": True, "listing_code": request.GET.get("listing", "")[:12]}
    return render(request, "moderation/_search.html", context)


@login_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Recent decisions of moderators and policy; ``?make=…&model=…&car=…``: where the photos said
    one car and a person another, with the photos."""
    moderator(request)
    decisions = decisions_recent()
    asked = {name: request.GET.get(name, "") for name in ("make", "model", "car")}
    confused = asked["car"].isdecimal()
    if confused:
        decisions = decisions_confused(make=asked["make"], model=asked["model"], car_id=int(asked["car"]))
    page = Paginator(decisions, 50).get_page(request.GET.get("page"))
    query = f"&{urlencode(asked)}" if confused else ""
    return render(request, "moderation/history.html", {"page": page, "confused": confused, "query": query, **counts()})


def _stored(decision: Decision) -> str:
    words = {
        Decision.Action.ACCEPT: _("%(code)s is live as %(car)s."),
        Decision.Action.CORRECT: _("%(code)s is live as %(car)s (corrected)."),
        Decision.Action.UNSURE: _("%(code)s is left to another moderator."),
        Decision.Action.DOWN: _("%(code)s is off the site."),
    }.get(Decision.Action(decision.action), _("%(code)s went back to the seller."))
    return words % {"code": decision.listing_code, "car": decision.car}
