"""The moderator's page of doubtful labels: photos to train on, one at a time, the most suspect first."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from marketplace.accounts.access import moderator
from marketplace.accounts.models import User
from marketplace.moderation.forms import LabelForm
from marketplace.moderation.labels import (
    LabelRefused,
    decision_words,
    label_decide,
    label_next,
    labels_decided,
    labels_open,
)
from marketplace.moderation.models import LabelReview
from marketplace.moderation.selectors import cars_search, queue

SKIPPED = "labels_skipped"  # session key: ids that this moderator passed over
SKIPPED_MOST = 500


@login_required
@require_GET
def next_label(request: HttpRequest) -> HttpResponse:
    """Send the moderator to the most suspect label."""
    user = moderator(request)
    skipped = request.session.get(SKIPPED, [])
    review = label_next(skip=skipped)
    if review is None and skipped:
        # Nothing else is left: what was passed over comes again.
        request.session[SKIPPED] = []
        review = label_next()
    if review is not None:
        return redirect("moderation:label", pk=review.pk)
    return render(request, "moderation/labels_nothing.html", {"waiting": queue().count(), "last": _last(user)})


@login_required
@require_GET
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """One photo with its label and what the others say; ``?q=`` looks for another car without JavaScript."""
    user = moderator(request)
    review = _review(pk)
    text = request.GET.get("q", "")[:120].strip()
    last = _last(user)
    context = {
        "review": review,
        "open": review.status == LabelReview.Status.OPEN,
        "decided": decision_words(review),
        "suggestions": list(enumerate(review.suggestions)),
        "text": text,
        "cars": cars_search(text=text) if text else [],
        "labels_waiting": labels_open().count(),
        "waiting": queue().count(),
        "last": last if last != review else None,
    }
    return render(request, "moderation/label.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Store what the label should be and go on to the next one."""
    user = moderator(request)
    review = _review(pk)
    form = LabelForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect("moderation:label", pk=pk)
    values = form.cleaned_data
    try:
        done = label_decide(
            review=review,
            moderator=user,
            action=values["action"],
            seen=values["seen"],
            suggestion=values["suggestion"],
            make=values["make"],
            car_model=values["car_model"],
        )
    except LabelRefused as refused:
        messages.error(request, str(refused))
        still_open = labels_open().filter(pk=pk).exists()
        return redirect("moderation:label", pk=pk) if still_open else redirect("moderation:labels")
    messages.success(request, f"Stored: {decision_words(done)}.")
    return redirect("moderation:labels")


@login_required
@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave a label to somebody else."""
    moderator(request)
    review = _review(pk)
    request.session[SKIPPED] = [*request.session.get(SKIPPED, []), review.pk][-SKIPPED_MOST:]
    return redirect("moderation:labels")


@login_required
@require_safe
def picture(request: HttpRequest, pk: int) -> FileResponse:
    """The photo of a manifest, small. It never changes; a listing's photo has an address of its own."""
    moderator(request)
    review = _review(pk)
    if not review.picture:
        raise Http404
    try:
        file = review.picture.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(
        file,
        content_type="image/jpeg",
        headers={
            "Cache-Control": "private, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _review(pk: int) -> LabelReview:
    rows = LabelReview.objects.select_related("moderator", "photo__listing")
    return get_object_or_404(rows, pk=pk)


def _last(user: User) -> LabelReview | None:
    """What this moderator decided last: the way back from a key pressed too quickly."""
    return labels_decided().filter(moderator=user).last()
