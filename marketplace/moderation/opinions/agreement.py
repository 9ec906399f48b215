"""How far moderators agree: Krippendorff's alpha by moderator and by car, and how often each was
right about settled cases. To help, not to judge: nothing is said of fewer than LEAST cars."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import krippendorff
import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier.training.intervals import wilson
from marketplace.catalogue.models import CarModel
from marketplace.moderation.models import Opinion
from marketplace.moderation.opinions.selectors import BACK, decision_label, label_of

LEAST = 20
"""With fewer cars nothing is said."""
SINCE = timedelta(days=365)
RESAMPLES = 400
SEED = 1
"""The same opinions give the same interval each time the page is opened."""
CARS = 20
"""Rows of the table by car, those that disagree most first."""


@dataclass(frozen=True)
class Pair:
    """One car of which two moderators spoke without knowing of each other."""

    first: str
    second: str
    people: tuple[int | None, int | None]

    @property
    def agree(self) -> bool:
        return self.first == self.second


@dataclass(frozen=True)
class Agreement:
    """One row of a table."""

    name: str
    n: int
    agreed: int
    low: float | None = None
    """Wilson's 95 % bounds of the share that agrees; None: too few."""
    high: float | None = None
    alpha: float | None = None
    """None: too few, or everybody always said the same, of which alpha says nothing."""
    alpha_low: float | None = None
    alpha_high: float | None = None

    @property
    def enough(self) -> bool:
        return self.n >= LEAST

    @property
    def share(self) -> float:
        return self.agreed / self.n if self.n else 0.0


@dataclass(frozen=True)
class Agreements:
    """What the figures' page shows."""

    overall: Agreement
    people: Sequence[Agreement]
    cars: Sequence[Agreement]
    gold: Sequence[Agreement]
    open: int
    """Disagreements that wait for a third moderator."""
    least: int = LEAST


def agreements() -> Agreements:
    """Of the last year's answers, without those who could not tell."""
    since = timezone.now() - SINCE
    given = Opinion.objects.filter(answered_at__gte=since, agrees__isnull=False, first__undone_by=None)
    firsts = ("first__moderator", "first__make__merged_into", "first__car_model__merged_into")
    rows = list(given.select_related(*firsts, "moderator", "make__merged_into", "car_model__merged_into"))
    seconds = [one for one in rows if one.kind == Opinion.Kind.SECOND]
    pairs = [_pair(one) for one in seconds]
    names = {one.moderator_id: str(one.moderator) for one in rows}
    names |= {one.first.moderator_id: str(one.first.moderator) for one in seconds}
    golden = [one for one in rows if one.kind == Opinion.Kind.GOLD]
    open_ones = sum(one.agrees is False and one.settled_by_id is None for one in seconds)
    return Agreements(
        overall=_agreement(_("All"), pairs),
        people=[
            _agreement(names[who], [pair for pair in pairs if who in pair.people])
            for who in _most(person for pair in pairs for person in pair.people)
        ],
        cars=_by_car(pairs),
        gold=[
            _shares(names[who], [one.agrees is True for one in golden if one.moderator_id == who])
            for who in _most(one.moderator_id for one in golden)
        ],
        open=open_ones,
    )


def alpha_of(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Krippendorff's alpha for nominal labels; None where all are the same."""
    values = sorted({label for pair in pairs for label in pair})
    if len(values) < 2:
        return None
    number = {value: place for place, value in enumerate(values)}
    data = [[number[first] for first, _second in pairs], [number[second] for _first, second in pairs]]
    return float(
        krippendorff.alpha(reliability_data=data, level_of_measurement="nominal", value_domain=range(len(values)))
    )


def alpha_bounds(pairs: Sequence[tuple[str, str]]) -> tuple[float, float] | None:
    """The 95 % interval of alpha by drawing cars again; None where it is mostly undefined."""
    random = np.random.default_rng(SEED)
    drawn = [alpha_of([pairs[place] for place in random.integers(0, len(pairs), len(pairs))]) for _ in range(RESAMPLES)]
    known = [value for value in drawn if value is not None]
    if len(known) < RESAMPLES / 2:
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def _pair(opinion: Opinion) -> Pair:
    said = label_of(action=opinion.action, make=opinion.make, car_model=opinion.car_model)
    return Pair(decision_label(opinion.first), said, (opinion.first.moderator_id, opinion.moderator_id))


def _most(people: Iterable[int | None]) -> list[int]:
    return [who for who, _n in Counter(people).most_common() if who is not None]


def _shares(name: str, hits: Sequence[bool]) -> Agreement:
    if len(hits) < LEAST:
        return Agreement(name, len(hits), sum(hits))
    low, high = wilson(sum(hits), len(hits))
    return Agreement(name, len(hits), sum(hits), low, high)


def _agreement(name: str, pairs: Sequence[Pair], labels: Sequence[tuple[str, str]] | None = None) -> Agreement:
    """labels: what is compared instead of the cars themselves."""
    told = _shares(name, [pair.agree for pair in pairs])
    if not told.enough:
        return told
    compared = labels if labels is not None else [(pair.first, pair.second) for pair in pairs]
    alpha = alpha_of(compared)
    bounds = alpha_bounds(compared) if alpha is not None else None
    low, high = bounds or (None, None)
    return Agreement(told.name, told.n, told.agreed, told.low, told.high, alpha, low, high)


def _by_car(pairs: Sequence[Pair]) -> list[Agreement]:
    """For each car of which one of two spoke: whether both did. Its alpha compares "this car" with
    "another one" over all pairs."""
    cars = {label for pair in pairs for label in (pair.first, pair.second)}
    rows = []
    names = _names(cars)
    for car in cars:
        about = [pair for pair in pairs if car in (pair.first, pair.second)]
        labels = [(str(pair.first == car), str(pair.second == car)) for pair in pairs]
        rows.append(_agreement(names[car], about, labels))
    rows.sort(key=lambda row: (not row.enough, row.share, -row.n, row.name))
    return rows[:CARS]


def _names(labels: Iterable[str]) -> dict[str, str]:
    """The cars in words."""
    models = {label: label.partition(":")[2] for label in labels if label != BACK}
    found = CarModel.objects.select_related("make").in_bulk([int(pk) for pk in models.values() if pk])
    words = {label: str(_car(found.get(int(pk)))) if pk else _("the make alone") for label, pk in models.items()}
    return {BACK: _("sent back"), **words}


def _car(model: CarModel | None) -> str:
    return f"{model.make} {model}" if model else "?"
