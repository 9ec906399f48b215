"""One photo after another: exterior, interior, detail or no car. htmx swaps the photo; without
JavaScript each answer is a page."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import moderator
from marketplace.moderation.labels.kinds import (
    SAMPLE,
    KindRefused,
    kind_label,
    kind_next,
    kind_undo,
    kinds_draw,
    kinds_progress,
)
from marketplace.moderation.models import KindLabel
from marketplace.moderation.views.shared import SkipList
from marketplace.pages import is_htmx

SKIPPED = SkipList("kinds_skipped")


@login_required
@require_GET
def kinds(request: HttpRequest) -> HttpResponse:
    """A photo to label, or the press that draws some."""
    moderator(request)
    return _page(request, SKIPPED.next(request, lambda skip: kind_next(skip=skip)))


@login_required
@require_POST
def draw(request: HttpRequest) -> HttpResponse:
    """Draw another sample."""
    moderator(request)
    number = kinds_draw()
    messages.success(request, ngettext("%(n)s photo drawn.", "%(n)s photos drawn.", number) % {"n": number})
    return redirect("moderation:kinds")


@login_required
@require_POST
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """Store an answer, or skip the photo, and show the next one."""
    user = moderator(request)
    one = get_object_or_404(KindLabel.objects.select_related("photo"), pk=pk)
    said = ""
    if request.POST.get("kind") == "skip":
        SKIPPED.add(request, one.pk)
    else:
        try:
            kind_label(label=one, moderator=user, kind=request.POST.get("kind", ""))
        except KindRefused as refused:
            said = str(refused)
    if not is_htmx(request):
        if said:
            messages.error(request, said)
        return redirect("moderation:kinds")
    # What the page has loaded ahead comes next, if it still waits.
    ahead = request.POST.get("ahead", "")
    following = KindLabel.objects.filter(kind="").exclude(pk__in=[*SKIPPED.of(request), one.pk]).select_related("photo")
    shown = following.filter(pk=int(ahead)).first() if ahead.isdecimal() and len(ahead) < 19 else None
    if shown is None:
        shown = SKIPPED.next(request, lambda skip: kind_next(skip=skip))
    return _page(request, shown, said=said)


@login_required
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Back to what was labelled last."""
    user = moderator(request)
    try:
        last = kind_undo(moderator=user)
    except KindRefused as refused:
        if not is_htmx(request):
            messages.error(request, str(refused))
            return redirect("moderation:kinds")
        return _page(request, SKIPPED.next(request, lambda skip: kind_next(skip=skip)), said=str(refused))
    return _page(request, last)


def _page(request: HttpRequest, one: KindLabel | None, *, said: str = "") -> HttpResponse:
    ahead = kind_next(skip=[*SKIPPED.of(request), one.pk]) if one else None
    context: dict[str, Any] = {
        "label": one, "ahead": ahead, "said": said, "progress": kinds_progress(), "sample": SAMPLE,
        "choices": [
            ("1", "exterior", _("Exterior")), ("2", "interior", _("Interior")), ("3", "detail", _("Detail")),
            ("4", "other", _("No car")),
        ],
    }  # fmt: skip
    return render(request, "moderation/_kinds.html" if is_htmx(request) else "moderation/kinds.html", context)
