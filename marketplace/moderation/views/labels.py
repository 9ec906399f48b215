"""The moderator's pages about doubtful labels, one training photo at a time."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from marketplace.accounts.access import moderator
from marketplace.accounts.models import User
from marketplace.moderation.forms import LabelForm
from marketplace.moderation.labels.doubts import (
    decision_words,
    label_decide,
    label_next,
    labels_decided,
    labels_earlier,
    labels_open,
    listing_decision,
)
from marketplace.moderation.models import LabelReview
from marketplace.moderation.views.choices import label_choices, label_keep
from marketplace.moderation.views.shared import SkipList, counts, decision_store, found_cars, picture_response

SKIPPED = SkipList("labels_skipped")


@login_required
@require_GET
def next_label(request: HttpRequest) -> HttpResponse:
    """Send the moderator to the most suspect label."""
    user = moderator(request)
    review = SKIPPED.next(request, lambda skip: label_next(skip=skip))
    if review is not None:
        return redirect("moderation:label", pk=review.pk)
    return render(request, "moderation/labels_nothing.html", {**counts(), "last": _last(user)})


@login_required
@require_GET
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """One photo with its label and suggestions; ``?q=`` finds other cars without JavaScript."""
    user = moderator(request)
    review = _review(pk)
    last = _last(user)
    context = {
        "review": review,
        "open": review.status == LabelReview.Status.OPEN,
        "decided": decision_words(review),
        "keep": label_keep(review=review),
        "choices": label_choices(review=review),
        "earlier": [(one, decision_words(one)) for one in labels_earlier(review=review)],
        "listing_decision": listing_decision(review=review),
        "last": last if last != review else None,
        **found_cars(request),
        **counts(),
    }
    return render(request, "moderation/label.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Store what the label should be and go on to the next one."""
    user = moderator(request)
    review = _review(pk)

    def store(values: dict[str, Any]) -> str:
        done = label_decide(
            review=review,
            moderator=user,
            action=values["action"],
            seen=values["seen"],
            suggestion=values["suggestion"],
            make=values["make"],
            car_model=values["car_model"],
        )
        return _("Stored: %(what)s.") % {"what": decision_words(done)}

    return decision_store(
        request,
        form=LabelForm(request.POST),
        store=store,
        waits=lambda: labels_open().filter(pk=pk).exists(),
        here=redirect("moderation:label", pk=pk),
        onward=redirect("moderation:labels"),
    )


@login_required
@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave a label to another moderator."""
    moderator(request)
    SKIPPED.add(request, _review(pk).pk)
    return redirect("moderation:labels")


@login_required
@require_safe
def picture(request: HttpRequest, pk: int) -> FileResponse:
    """The small picture of a manifest's photo; a listing's photo has its own address."""
    moderator(request)
    review = _review(pk)
    if not review.picture:
        raise Http404
    return picture_response(review.picture, content_type="image/jpeg")


def _review(pk: int) -> LabelReview:
    return get_object_or_404(LabelReview.objects.select_related("moderator", "photo__listing"), pk=pk)


def _last(user: User) -> LabelReview | None:
    """What this moderator decided last: the way back after a wrong key."""
    return labels_decided().filter(moderator=user).last()
