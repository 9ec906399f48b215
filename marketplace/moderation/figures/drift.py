"""Drift: whether this week's cars look otherwise to the model than those of the weeks before.

Each listing counts once, by its verdict: photos of one car are not independent. Only verdicts of
the version that serves are compared, for another version is sure of other things. Three figures,
each with an alarm:

- the mix of makes, and how sure the model is, by the population stability index (PSI) against the
  weeks before. Alarm above SHIFT, and above what chance alone gives once in a thousand weeks:
  without drift PSI is (1/n + 1/m) times chi-squared with one degree less than there are parts.
- the share of unknown cars, of which even the make is less sure than its threshold. Alarm if it
  rose by more than RISE and the rise is no chance, again once in a thousand weeks.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.db.models.fields.json import KT
from django.utils import timezone
from django.utils.translation import gettext as _
from scipy.stats import chi2, norm

from marketplace.catalogue.selectors import catalogue_resolve_many
from marketplace.listings.models import Listing
from marketplace.registry.models import ModelVersion

WEEKS = 12
"""Of the chart and table; the last seven days are compared with the rest of them."""
LEAST = 50
"""With fewer listings on either side no alarm is raised, and none is denied."""
SHIFT = 0.2
"""Of PSI. The usual reading: below 0.1 nothing changed, above 0.2 or 0.25 something did."""
RISE = 0.05
CHANCE = 0.001
PART = 5
"""Makes with fewer listings in both together are counted as one part."""
BINS = 10
MAKES = 5
"""Makes that the page names, those whose share changed most first."""
Key = TypeVar("Key")


@dataclass(frozen=True)
class Seen:
    """One listing as the model saw it."""

    at: datetime
    make: str
    confidence: float
    """In the likeliest model, or the make where no model was said."""
    unknown: bool


@dataclass(frozen=True)
class DriftWeek:
    """One week's figures."""

    monday: date
    listings: int
    confidence: float
    """The mean."""
    unknown: float
    """A share."""
    makes: Sequence[tuple[str, float]] = ()
    """The most frequent ones, with their shares."""


@dataclass(frozen=True)
class Drift:
    """What changed in the last seven days."""

    version: str
    recent: int
    before: int
    weeks: Sequence[DriftWeek] = ()
    mix: float | None = None
    """PSI; None: too few listings."""
    mix_limit: float | None = None
    sure: float | None = None
    sure_limit: float | None = None
    unknown_recent: float = 0.0
    unknown_before: float = 0.0
    changed: Sequence[tuple[str, float, float]] = ()
    """Makes with their share before and now."""
    alarms: Sequence[str] = field(default_factory=list)
    """In words; none if all is as before."""
    least: int = LEAST

    @property
    def enough(self) -> bool:
        return min(self.recent, self.before) >= LEAST


def drift_now() -> Drift:
    """The last seven days against the weeks before, of the version that serves."""
    champion = ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).first()
    if champion is None:
        return Drift("", 0, 0)
    now = timezone.now()
    seen = seen_since(now - timedelta(weeks=WEEKS), version=champion.version)
    return drift_of(seen, version=champion.version, until=now)


def seen_since(since: datetime, *, version: str) -> list[Seen]:
    """Every listing that came in since then, as this version saw it."""
    rows = list(
        Listing.objects.filter(created_at__gte=since, verdict__version=version, certainty__isnull=False)
        .annotate(seen_make=KT("verdict__make__name"))
        .order_by("created_at")
        .values_list(
            "created_at", "seen_make", "certainty", "verdict__make__confidence", "verdict__thresholds__make"
        )
    )  # fmt: skip
    found = catalogue_resolve_many((make or "", "") for _, make, *_ in rows)  # versions spell makes differently
    names = {make: str(resolved.make or make) for (make, _), resolved in found.items()}
    return [
        Seen(at, names[make or ""], float(sure or 0.0), float(confidence or 0.0) < float(threshold or 0.0))
        for at, make, sure, confidence, threshold in rows
    ]


def drift_of(seen: Sequence[Seen], *, version: str, until: datetime) -> Drift:
    """Compare the seven days up to ``until`` with what came before."""
    border = until - timedelta(days=7)
    recent, before = [one for one in seen if one.at >= border], [one for one in seen if one.at < border]
    weeks = _weeks(seen)
    if min(len(recent), len(before)) < LEAST:
        return Drift(version, len(recent), len(before), weeks)
    was, now = Counter(one.make for one in before), Counter(one.make for one in recent)
    mix, mix_limit = psi(*_pooled(was, now))
    edges = _edges(sorted(one.confidence for one in before))
    sure, sure_limit = psi(_binned(before, edges), _binned(recent, edges))
    shares = [sum(one.unknown for one in side) / len(side) for side in (before, recent)]
    changed = sorted(
        ((make, was[make] / len(before), now[make] / len(recent)) for make in was.keys() | now.keys()),
        key=lambda one: (-abs(one[2] - one[1]), one[0]),
    )[:MAKES]
    alarms = []
    if mix > mix_limit:
        alarms.append(
            _("Other makes than before: PSI %(psi)s, alarm from %(limit)s.")
            % {"psi": f"{mix:.2f}", "limit": f"{mix_limit:.2f}"}
        )
    if sure > sure_limit:
        alarms.append(
            _("The model is sure in another way than before: PSI %(psi)s, alarm from %(limit)s.")
            % {"psi": f"{sure:.2f}", "limit": f"{sure_limit:.2f}"}
        )
    if _rose(shares[0], len(before), shares[1], len(recent)):
        alarms.append(
            _("More unknown cars: %(now)s %% of the last seven days, %(before)s %% before.")
            % {"now": round(shares[1] * 100), "before": round(shares[0] * 100)}
        )
    return Drift(
        version, len(recent), len(before), weeks, mix, mix_limit, sure, sure_limit, shares[1], shares[0], changed,
        alarms,
    )  # fmt: skip


def psi(before: Mapping[Key, int], now: Mapping[Key, int]) -> tuple[float, float]:
    """The population stability index of two counts over the same parts, and its alarm's limit.

    Half a listing is added to each part, so that an empty one does not make it infinite.
    """
    parts = before.keys() | now.keys()
    n, m = sum(before.values()), sum(now.values())
    total = 0.0
    for part in parts:
        share = (before.get(part, 0) + 0.5) / (n + 0.5 * len(parts))
        share_now = (now.get(part, 0) + 0.5) / (m + 0.5 * len(parts))
        total += (share_now - share) * math.log(share_now / share)
    chance = (1 / n + 1 / m) * float(chi2.ppf(1 - CHANCE, max(len(parts) - 1, 1)))
    return total, max(SHIFT, chance)


def _pooled(before: Counter[str], now: Counter[str]) -> tuple[Counter[str], Counter[str]]:
    """The counts with rare makes in one part."""
    rare = {make for make in before.keys() | now.keys() if before[make] + now[make] < PART}
    pooled = []
    for counts in (before, now):
        some = Counter({make: number for make, number in counts.items() if make not in rare})
        if rare:
            some[""] += sum(counts[make] for make in rare)
        pooled.append(some)
    return pooled[0], pooled[1]


def _edges(values: Sequence[float]) -> list[float]:
    """The borders of parts with about as many listings each."""
    return sorted({values[len(values) * number // BINS] for number in range(1, BINS)})


def _binned(side: Sequence[Seen], edges: Sequence[float]) -> Counter[int]:
    return Counter(sum(one.confidence >= edge for edge in edges) for one in side)


def _rose(before: float, n: int, now: float, m: int) -> bool:
    """Whether a share rose by more than RISE, and by more than chance."""
    if now - before <= RISE:
        return False
    share = (before * n + now * m) / (n + m)
    error = math.sqrt(share * (1 - share) * (1 / n + 1 / m))
    return error > 0 and (now - before) / error > float(norm.ppf(1 - CHANCE))


def _weeks(seen: Sequence[Seen]) -> list[DriftWeek]:
    by_monday: dict[date, list[Seen]] = {}
    for one in seen:
        day = one.at.date()
        by_monday.setdefault(day - timedelta(days=day.weekday()), []).append(one)
    return [
        DriftWeek(
            monday,
            len(ones),
            sum(one.confidence for one in ones) / len(ones),
            sum(one.unknown for one in ones) / len(ones),
            [(make, count / len(ones)) for make, count in Counter(one.make for one in ones).most_common(3)],
        )
        for monday, ones in sorted(by_monday.items())
    ]
