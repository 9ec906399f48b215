"""What a policy would have let live, and how much of it wrongly, judged by what people said.

Everything that was handed in within the window is either decided by people, or approved by the
policy of that day; of the latter a uniform sample was checked by people (``Audit``). Together they
are all listings, so any policy can be judged, also one that lets more live than today's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from classifier.training.intervals import wilson
from marketplace.catalogue.selectors import Resolved, catalogue_resolve_many
from marketplace.listings.verdicts import model_sure
from marketplace.moderation.models import Audit, Decision
from marketplace.moderation.policy.rules import Case, Rules

WINDOW = timedelta(days=30)
LEAST_CHECKED = 100
"""With fewer cars that people looked at, an error rate says nothing."""
REVIEWED = (Decision.Action.ACCEPT, Decision.Action.CORRECT, Decision.Action.REJECT, Decision.Action.CHANGES)


@dataclass(frozen=True)
class Past:
    """One listing that was decided."""

    case: Case
    by_itself: bool
    right: bool | None
    """Whether a person accepted it as it stood; None: nobody looked."""


@dataclass(frozen=True)
class Forecast:
    """What would have happened under a policy."""

    listings: int
    live: int
    """Of them, how many go live without a person."""
    checked: int
    """Of these, how many a person looked at."""
    wrong: int
    """Of the checked, how many the person did not accept as they stood."""
    error: float | None
    """The share of ``live`` that is wrong, weighted: None if nothing of it was checked."""
    low: float | None
    high: float | None
    """Bounds that hold with at least 95 %."""
    since: datetime

    @property
    def share(self) -> float:
        return self.live / self.listings if self.listings else 0.0

    @property
    def enough(self) -> bool:
        """Whether the error says anything."""
        return self.error is not None and self.checked >= LEAST_CHECKED

    @property
    def least(self) -> int:
        return LEAST_CHECKED


def forecast(*, rules: Rules, past: Sequence[Past], since: datetime) -> Forecast:
    """Judge a policy. The error is that of two strata, each with its own share of the live ones:
    what people decided (all of it is known) and what went live by itself (a sample is known).

    The bounds are each stratum's Wilson interval, weighted. That is wider than needed, never
    narrower.
    """
    live = [one for one in past if rules.approve(one.case)]
    strata = [[one.right for one in live if one.by_itself is by_itself] for by_itself in (False, True)]
    told = stratified_error(strata)
    checked = [one for one in live if one.right is not None]
    return Forecast(
        listings=len(past),
        live=len(live),
        checked=len(checked),
        wrong=sum(one.right is False for one in checked),
        error=told[0] if told else None,
        low=told[1] if told else None,
        high=told[2] if told else None,
        since=since,
    )


def stratified_error(strata: Sequence[Sequence[bool | None]]) -> tuple[float, float, float] | None:
    """The share of wrong ones and its bounds, from strata of right, wrong and unknown (None).

    None if nothing is known of a stratum.
    """
    total = sum(len(stratum) for stratum in strata)
    error = low = high = 0.0
    for stratum in filter(None, strata):
        known = [right for right in stratum if right is not None]
        if not known:
            return None
        wrong, weight = known.count(False), len(stratum) / total
        bounds = wilson(wrong, len(known))
        error, low, high = error + weight * wrong / len(known), low + weight * bounds[0], high + weight * bounds[1]
    return (error, low, high) if total else None


def past_since(since: datetime | None = None) -> list[Past]:
    """Every listing that was decided since then, once per time that it was handed in.

    Decisions from before their circumstances were recorded are left out, and so is what was undone.
    """
    since = since or timezone.now() - WINDOW
    made = Decision.objects.filter(created_at__gte=since, undone_by=None, audit=False).exclude(facts={})
    people = made.filter(action__in=REVIEWED).select_related("stated_model__merged_into", "stated_make__merged_into")
    alone = list(
        made.filter(action=Decision.Action.AUTO).select_related("stated_model__merged_into", "stated_make__merged_into")
    )
    answers = dict(
        Audit.objects.filter(approval__in=alone, answer__isnull=False).values_list("approval", "answer__action")
    )
    rows = [(one, False, one.action == Decision.Action.ACCEPT) for one in people]
    rows_alone = [(one, True, _answered(answers.get(one.pk))) for one in alone]
    cases = _cases([one for one, _, _ in [*rows, *rows_alone]])
    return [Past(cases[one.pk], by_itself, right) for one, by_itself, right in [*rows, *rows_alone]]


def _answered(action: str | None) -> bool | None:
    return None if action is None else action == Decision.Action.ACCEPT


def _cases(decisions: Iterable[Decision]) -> dict[int, Case]:
    """What the rules looked at, or would have, by the decision's key."""
    listed = list(decisions)
    models = {one.pk: (one.predicted or {}).get("model") for one in listed}
    seen = catalogue_resolve_many((model["make"], model["name"]) for model in models.values() if model)
    return {one.pk: _case(one, models[one.pk], seen) for one in listed}


def _case(decision: Decision, model: Mapping[str, Any] | None, seen: Mapping[tuple[str, str], Resolved]) -> Case:
    verdict = decision.predicted or {}
    found = seen[model["make"], model["name"]] if model else Resolved(None, None)
    stated, make = decision.stated_model, decision.stated_make
    agrees = found.car_model is not None and stated is not None and found.car_model == stated.now
    return Case(
        agrees=agrees and make is not None and found.make == make.now,
        sure=bool(model and verdict["photos_used"] >= 1 and model_sure(verdict)),
        confidence=float(model["confidence"]) if model else 0.0,
        make_id=decision.stated_make_id,
        named=bool(decision.facts.get("named")),
        seller_cars=int(decision.facts.get("seller_cars", 0)),
        reasons=frozenset(one["code"] for one in decision.reasons),
    )
