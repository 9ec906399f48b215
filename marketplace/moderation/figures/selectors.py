"""How well the models do, by version and week, judged by what people decided."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Count
from django.utils import timezone

from marketplace.catalogue.selectors import Resolved, catalogue_resolve_many
from marketplace.listings.verdicts import model_sure
from marketplace.moderation.models import Audit, Decision
from marketplace.moderation.policy.simulate import stratified_error
from marketplace.moderation.selectors import deadline, waiting
from marketplace.photos.models import Photo
from marketplace.registry.models import ModelVersion

WEEKS = 12
LEAST = 20
"""With fewer decisions a week's share is shown with its number, and draws no conclusion."""
CONFUSIONS = 15
NAMED = (Decision.Action.ACCEPT, Decision.Action.CORRECT)
SENT_BACK = (Decision.Action.REJECT, Decision.Action.CHANGES, Decision.Action.DOWN)

Bounded = tuple[float, float, float]
"""A share with its 95 % bounds."""


@dataclass
class Week:
    """One model version in one week."""

    version: str
    monday: date
    decided: int = 0
    """Listings that people decided about."""
    named: int = 0
    """Of them, those whose car a person named and the photos had said."""
    overridden: int = 0
    """Of these, those where it was another model than the photos' likeliest."""
    verdicts: int = 0
    sure: int = 0
    """Of all listings with a verdict, policy's included: how many were above the threshold."""
    strata: tuple[list[bool | None], list[bool | None]] = field(default_factory=lambda: ([], []))
    """Of the sure ones, whether the model was right: by people, and by itself (None: unknown)."""
    seconds: list[float] = field(default_factory=list)

    @property
    def override_rate(self) -> float | None:
        return self.overridden / self.named if self.named else None

    @property
    def coverage(self) -> float | None:
        return self.sure / self.verdicts if self.verdicts else None

    @property
    def error(self) -> Bounded | None:
        return stratified_error(self.strata)

    @property
    def median_seconds(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None


@dataclass(frozen=True)
class Confusion:
    """What the photos said, what a person said, and how often."""

    seen: str
    car: str
    times: int
    make: str
    model: str
    """As the verdict spells them: the address of the decisions holds them."""
    car_id: int


@dataclass(frozen=True)
class QueueAge:
    """How long listings wait now."""

    waiting: int
    late: int
    oldest_hours: float
    median_hours: float


def weeks(*, since: date | None = None) -> tuple[list[Week], list[Confusion]]:
    """The weeks, oldest first, each with its versions; and what was confused most."""
    since = since or timezone.now().date() - timedelta(weeks=WEEKS)
    made = (
        Decision.objects.filter(created_at__date__gte=since, undone_by=None, predicted__isnull=False)
        .filter(action__in=(*NAMED, *SENT_BACK, Decision.Action.AUTO))
        .select_related(
            "model_version", "car_model__make", "car_model__merged_into__make", "drawn__answer__car_model__merged_into"
        )
        .order_by("pk")
    )
    rows = list(made)
    seen = _resolve(rows)
    found: dict[tuple[date, str], Week] = {}
    confused: Counter[tuple[str, str, int]] = Counter()
    cars: dict[int, str] = {}
    for one in rows:
        day = one.created_at.date()
        monday = day - timedelta(days=day.weekday())
        version = str(one.model_version or (one.predicted or {}).get("version", ""))
        _count(found.setdefault((monday, version), Week(version, monday)), one, seen)
        model = (one.predicted or {}).get("model")
        if model and one.action in NAMED and one.car_model is not None and not _right(one, seen):
            car = one.car_model.now
            confused[model["make"], model["name"], car.pk] += 1
            cars[car.pk] = f"{car.make} {car}"
    confusions = [
        Confusion(f"{make} {name}", cars[car], times, make, name, car)
        for (make, name, car), times in confused.most_common(CONFUSIONS)
    ]
    return [found[key] for key in sorted(found)], confusions


def _resolve(rows: Iterable[Decision]) -> Mapping[tuple[str, str], Resolved]:
    models = ((one.predicted or {}).get("model") for one in rows)
    return catalogue_resolve_many((model["make"], model["name"]) for model in models if model)


def _right(decision: Decision, seen: Mapping[tuple[str, str], Resolved]) -> bool:
    """Whether the photos' likeliest model is the one that the decision names."""
    model = (decision.predicted or {}).get("model")
    said = decision.car_model and decision.car_model.now
    return model is not None and seen[model["make"], model["name"]].car_model == said


def _count(week: Week, one: Decision, seen: Mapping[tuple[str, str], Resolved]) -> None:
    verdict = one.predicted or {}
    model = verdict.get("model")
    by_itself = one.action == Decision.Action.AUTO
    named = one.action in NAMED and one.car_model is not None and bool(model)
    if not by_itself:
        week.decided += 1
        if one.seconds is not None:
            week.seconds.append(one.seconds)
    if named:
        week.named += 1
        week.overridden += not _right(one, seen)
    if one.audit:
        return  # its approval was counted when it went live
    week.verdicts += 1
    if not (model and model_sure(verdict)):
        return
    week.sure += 1
    if by_itself:
        week.strata[1].append(_audited(one, seen))
    elif named:
        week.strata[0].append(_right(one, seen))


def _audited(approval: Decision, seen: Mapping[tuple[str, str], Resolved]) -> bool | None:
    """Whether the model was right, by the audit of what went live by itself."""
    audit = getattr(approval, "drawn", None)
    if not isinstance(audit, Audit) or audit.answer is None or audit.answer.car_model is None:
        return None
    model = (approval.predicted or {})["model"]
    return seen[model["make"], model["name"]].car_model == audit.answer.car_model.now


def queue_age() -> QueueAge:
    """Counts the hours since each waiting listing was handed in."""
    now = timezone.now()
    listings = list(waiting().filter(submitted_at__isnull=False).only("submitted_at"))
    hours = [(now - one.submitted_at) / timedelta(hours=1) for one in listings if one.submitted_at]
    late = sum(1 for one in listings if (until := deadline(one)) is not None and until < now)
    return QueueAge(len(hours), late, max(hours, default=0.0), statistics.median(hours) if hours else 0.0)


@dataclass(frozen=True)
class Gained:
    """What moderators taught since the champion was made."""

    champion: ModelVersion | None
    listings: int
    photos: int
    corrected: int


def labels_gained() -> Gained:
    """Listings whose car people named since the champion was made, and their usable photos."""
    champion = ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).first()
    decisions = Decision.objects.filter(listing__isnull=False, undone_by=None).exclude(action=Decision.Action.UNSURE)
    if champion is not None:
        decisions = decisions.filter(created_at__gte=champion.created_at)
    newest: dict[int, tuple[str, int | None]] = {}
    for listing, action, car in decisions.order_by("pk").values_list("listing", "action", "car_model"):
        newest[listing or 0] = (action, car)
    named = {listing: action for listing, (action, car) in newest.items() if action in NAMED and car is not None}
    photos = Photo.objects.filter(listing__in=named, status=Photo.Status.DONE, kind=Photo.Kind.EXTERIOR)
    count = photos.aggregate(n=Count("pk"))["n"]
    return Gained(champion, len(named), count, sum(action == Decision.Action.CORRECT for action in named.values()))
