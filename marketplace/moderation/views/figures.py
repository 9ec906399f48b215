"""The dashboard: how well the models do, how fast moderators are, and what waits."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from marketplace.accounts.access import sees_figures
from marketplace.moderation.figures.advice import advice
from marketplace.moderation.figures.charts import LINES, Series, line_chart
from marketplace.moderation.figures.drift import drift_now
from marketplace.moderation.figures.selectors import Week, labels_gained, queue_age, weeks
from marketplace.moderation.opinions.agreement import agreements
from marketplace.moderation.views.shared import counts


@login_required
@require_GET
def figures(request: HttpRequest) -> HttpResponse:
    """Per model version and week; confusions; the queue; whether to train again."""
    sees_figures(request)
    rows, confusions = weeks()
    drift = drift_now()
    gained = labels_gained()
    context = {
        "weeks": list(reversed(rows)),
        "charts": _charts(rows),
        "confusions": confusions,
        "age": queue_age(),
        "gained": gained,
        "drift": drift,
        "agreements": agreements(),
        "advice": advice(weeks=rows, gained=gained, drift=drift),
        **counts(),
    }
    return render(request, "moderation/figures.html", context)


def _charts(rows: Sequence[Week]) -> list[dict[str, Any]]:
    def percent(value: float | None) -> float | None:
        return None if value is None else value * 100

    def error(week: Week, part: int) -> float | None:
        return None if week.error is None else week.error[part] * 100

    made: list[tuple[str, SafeString]] = [
        (_("Overridden by people"), _chart(rows, _("Overridden, %"), lambda week: percent(week.override_rate), "%")),
        (_("Sure enough to fill in"), _chart(rows, _("Coverage, %"), lambda week: percent(week.coverage), "%")),
        (
            _("Wrong although sure, with 95 % bounds"),
            _chart(
                rows, _("Error at the threshold, %"), lambda week: error(week, 0), "%",
                bounds=(lambda week: error(week, 1), lambda week: error(week, 2)),
            ),
        ),
        (_("Seconds per decision, median"), _chart(rows, _("Seconds"), lambda week: week.median_seconds, " s")),
    ]  # fmt: skip
    return [{"title": title, "svg": svg} for title, svg in made]


Value = Callable[[Week], float | None]


def _chart(
    rows: Sequence[Week], title: str, value: Value, unit: str, bounds: tuple[Value, Value] | None = None
) -> SafeString:
    """One line per version; the newest versions if there are more than a chart has looks for."""
    mondays = sorted({week.monday for week in rows})
    versions = list(dict.fromkeys(week.version for week in rows))[-LINES:]
    by_key = {(week.version, week.monday): week for week in rows}

    def along(version: str, read: Value) -> list[float | None]:
        found = [by_key.get((version, monday)) for monday in mondays]
        return [read(week) if week is not None else None for week in found]

    series = [
        Series(
            version,
            along(version, value),
            low=along(version, bounds[0]) if bounds else (),
            high=along(version, bounds[1]) if bounds else (),
        )
        for version in versions
    ]
    labels = [date_format(monday, "j M") for monday in mondays]
    return line_chart(title=title, labels=labels, series=series, unit=unit)
