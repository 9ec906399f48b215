"""Whether it is worth training again now, and why: rules that a person can check."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from classifier.training.target_error import TARGET_ERROR
from marketplace.moderation.figures.drift import Drift
from marketplace.moderation.figures.selectors import LEAST, Gained, Week

PHOTOS_WORTH = 500
"""So many new photos are worth a `quick` training by themselves."""
PHOTOS_LEAST = 50
"""With fewer there is nothing to learn from, whatever the error is."""
RECENT = 4
RISE = 1.5


@dataclass(frozen=True)
class Advice:
    """Yes or no, with its reason in words."""

    worth: bool
    words: str


def advice(*, weeks: Sequence[Week], gained: Gained, drift: Drift | None = None) -> Advice:
    """Advice on a training: enough new photos, an error above the target, drift, or rising
    overrides."""
    values = {"photos": gained.photos, "worth": PHOTOS_WORTH, "least": PHOTOS_LEAST}
    if gained.photos < PHOTOS_LEAST:
        return Advice(
            False, _("Only %(photos)s new labelled photos; from %(least)s on there is something to learn.") % values
        )
    recent = _recent(weeks)
    errors = [week.error for week in recent if sum(map(len, week.strata)) >= LEAST]
    above = [error for error in errors if error is not None and error[1] > TARGET_ERROR]
    if above:
        worst = max(above)
        return Advice(
            True,
            _("Of what the model was sure of, %(error)s %% was wrong (at least %(low)s %%); %(target)s %% is promised.")
            % {"error": f"{worst[0] * 100:.1f}", "low": f"{worst[1] * 100:.1f}", "target": f"{TARGET_ERROR * 100:g}"},
        )
    if gained.photos >= PHOTOS_WORTH:
        return Advice(True, _("%(photos)s new labelled photos; %(worth)s are worth a training.") % values)
    if drift is not None and drift.alarms:
        return Advice(True, " ".join(drift.alarms))
    now, before = _rate(recent), _rate([week for week in weeks if week not in recent])
    if now is not None and before is not None and now > RISE * before:
        return Advice(
            True,
            _("Moderators name another car in %(now)s %% of listings; it was %(before)s %% before.")
            % {"now": round(now * 100), "before": round(before * 100)},
        )
    return Advice(
        False,
        _("%(photos)s new labelled photos of the %(worth)s that are worth a training; no error stands out.") % values,
    )


def _recent(weeks: Sequence[Week]) -> list[Week]:
    mondays = sorted({week.monday for week in weeks})[-RECENT:]
    return [week for week in weeks if week.monday in mondays]


def _rate(weeks: Sequence[Week]) -> float | None:
    named = sum(week.named for week in weeks)
    return sum(week.overridden for week in weeks) / named if named >= LEAST else None
