"""The moderator's pages about what people reported, one thing at a time."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from marketplace.accounts.access import moderator
from marketplace.moderation.forms import ReportDecisionForm
from marketplace.moderation.reports import (
    WORDS,
    actions_of,
    is_involved,
    messages_around,
    others_about,
    report_next,
    report_settle,
    reports_open,
    reports_recent,
)
from marketplace.moderation.views.shared import SkipList, counts, decision_store
from marketplace.trade.models import Report, Side

SKIPPED = SkipList("reports_skipped")


@login_required
@require_GET
def next_report(request: HttpRequest) -> HttpResponse:
    """Send the moderator to the report that waits longest."""
    user = moderator(request)
    found = SKIPPED.next(request, lambda skip: report_next(moderator=user, skip=skip))
    if found is not None:
        return redirect("moderation:report", pk=found.pk)
    return render(request, "moderation/reports_nothing.html", counts())


@login_required
@require_GET
def all_reports(request: HttpRequest) -> HttpResponse:
    """Every report, the newest first, and what became of it."""
    moderator(request)
    page = Paginator(reports_recent(), 50).get_page(request.GET.get("page"))
    return render(request, "moderation/reports_all.html", {"page": page, **counts()})


@login_required
@require_GET
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """One report with what it is about, and all others about the same."""
    user = moderator(request)
    found = _report(pk)
    author = None
    if found.message is not None:
        author = found.message.thread.party(Side(found.message.by))
    context: dict[str, Any] = {
        "report": found,
        "listing": found.listing,
        "message": found.message,
        "around": messages_around(found.message) if found.message else [],
        "author": author,
        "reports": list(others_about(found)),
        "open": found.status == Report.Status.OPEN,
        "involved": is_involved(report=found, moderator=user),
        "actions": [(action, WORDS[action]) for action in actions_of(found)],
        **counts(),
    }
    return render(request, "moderation/report.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Carry out what the moderator decided, and go on to the next report or listing."""
    user = moderator(request)
    found = _report(pk)

    def store(values: dict[str, Any]) -> str:
        report_settle(report=found, moderator=user, action=values["action"], words=values["words"])
        return _("Stored: %(what)s.") % {"what": WORDS[values["action"]]}

    return decision_store(
        request,
        form=ReportDecisionForm(request.POST),
        store=store,
        waits=lambda: reports_open().filter(pk=pk).exists(),
        here=redirect("moderation:report", pk=pk),
        onward=redirect("moderation:next"),
    )


@login_required
@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave a report to another moderator."""
    moderator(request)
    SKIPPED.add(request, _report(pk).pk)
    return redirect("moderation:next")


def _report(pk: int) -> Report:
    """A report with what it is about. Raises Http404."""
    rows = Report.objects.select_related(
        "listing__make", "listing__car_model", "listing__seller", "message__thread__seller", "message__thread__buyer"
    )
    return get_object_or_404(rows, pk=pk)
