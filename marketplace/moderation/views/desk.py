"""What the desk's script asks for: the next car ahead of time, the claim's renewal, undo.

Every page works without the script; these answer it alone.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import moderator
from marketplace.accounts.models import User
from marketplace.moderation.decisions.undo import Undone, last_undo, undoable_last
from marketplace.moderation.models import Opinion
from marketplace.moderation.opinions.selectors import opinion_held
from marketplace.moderation.opinions.services import opinion_hold, opinion_last, opinion_release, opinion_withdraw
from marketplace.moderation.selectors import claimed_by_others, waiting
from marketplace.moderation.services import (
    DecisionLate,
    DecisionRefused,
    claim_release,
    listing_claim,
    queue_next,
    too_late,
)
from marketplace.moderation.views.listings import SKIPPED, desk_context
from marketplace.moderation.views.shared import REFUSED, is_desk, reviewable

AHEAD_MOST = 20


@login_required
@require_GET
def ahead(request: HttpRequest) -> HttpResponse:
    """The car after those in ``?not=``, claimed for this moderator; 204 if there is none."""
    user = moderator(request)
    under_way = request.GET.getlist("not")[:AHEAD_MOST]
    listing = SKIPPED.next(request, lambda skip: queue_next(moderator=user, skip=[*skip, *under_way]))
    if listing is None:
        return HttpResponse(status=204)
    return render(request, "moderation/_desk.html", desk_context(request, listing, user))


@login_required
@require_POST
def hold(request: HttpRequest, code: str) -> HttpResponse:
    """Renew the claim on a listing: 204, or 409 with what happened to it."""
    user = moderator(request)
    listing = reviewable(code)
    asked = opinion_held(listing=listing, moderator=user)
    if asked is not None and opinion_hold(opinion=asked, moderator=user):
        return HttpResponse(status=204)
    if not waiting().filter(pk=listing.pk).exists():
        return JsonResponse({"words": too_late(listing)}, status=409)
    if not listing_claim(listing=listing, moderator=user):
        other = claimed_by_others(moderator=user).filter(listing=listing).select_related("moderator").first()
        words = (
            _("%(who)s is looking at this listing right now.") % {"who": other.moderator}
            if other
            else _("This is your own listing: somebody else has to review it.")
        )
        return JsonResponse({"words": words}, status=409)
    return HttpResponse(status=204)


@login_required
@require_POST
def release(request: HttpRequest, code: str) -> HttpResponse:
    """End the claim on a car that was loaded ahead and not looked at."""
    user, listing = moderator(request), reviewable(code)
    claim_release(listing=listing, moderator=user)
    opinion_release(listing=listing, moderator=user)
    return HttpResponse(status=204)


@login_required
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Undo what this moderator decided last, and go back to it."""
    user = moderator(request)
    given, made = opinion_last(moderator=user), undoable_last(moderator=user)
    if given is not None and (made is None or (given.answered_at or made.created_at) > made.created_at):
        return _withdraw(request, given, user)
    try:
        undone = last_undo(moderator=user)
    except DecisionRefused as refused:
        if is_desk(request):
            status = 409 if isinstance(refused, DecisionLate) else REFUSED
            return JsonResponse({"words": str(refused)}, status=status)
        messages.error(request, str(refused))
        return redirect("moderation:next")
    first = undone.decisions[0]
    url = reverse("moderation:review", args=[first.listing_code])
    said = _undone_words(undone)
    if is_desk(request):
        return JsonResponse({"words": said, "url": url, "code": first.listing_code})
    messages.success(request, said)
    made = first.undoes
    if made is not None and made.batch is not None:
        query = urlencode({"car": f"{made.make_id}:{made.car_model_id}"})
        return redirect(f"{reverse('moderation:grid')}?{query}")
    return redirect(url)


def _withdraw(request: HttpRequest, given: Opinion, user: User) -> HttpResponse:
    """Take back what was said of a car that was asked again; it looks as if a decision were."""
    code = given.listing.code
    url = reverse("moderation:review", args=[code])
    try:
        opinion_withdraw(opinion=given, moderator=user)
    except DecisionLate as late:
        if is_desk(request):
            return JsonResponse({"words": str(late)}, status=409)
        messages.error(request, str(late))
        return redirect("moderation:next")
    said = _("%(code)s: undone. Look at it again.") % {"code": code}
    if is_desk(request):
        return JsonResponse({"words": said, "url": url, "code": code})
    messages.success(request, said)
    return redirect(url)


def _undone_words(undone: Undone) -> str:
    if len(undone.decisions) == 1 and not undone.stayed:
        return _("%(code)s: undone. Look at it again.") % {"code": undone.decisions[0].listing_code}
    number = len(undone.decisions)
    words = [
        ngettext("%(n)s decision is undone.", "%(n)s decisions are undone.", number) % {"n": number},
        *(f"{code}: {why}" for code, why in undone.stayed),
    ]
    return " ".join(words)
