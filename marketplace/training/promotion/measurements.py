"""What a challenger and the champion show on the same test photos: all that the gates look at."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from marketplace.training.promotion.comparison import ClassChange, Difference
from marketplace.training.promotion.evidence import Evidence
from marketplace.training.promotion.fitness import Latency, Parity
from marketplace.training.promotion.known_cars import Forgotten


@dataclass(frozen=True)
class Calibration:
    """Expected calibration errors on the same photos, which both versions answer."""

    challenger: float
    champion: float
    by_chance: float
    """What honest confidences would show on these photos."""
    difference: Difference


@dataclass(frozen=True)
class OldCars:
    """Challenger minus champion on test photos of cars that the champion knows."""

    top1: Difference
    make: Difference
    coverage: Difference
    calibration: Calibration | None = None
    """None if no photo is answered by both."""
    classes: Sequence[ClassChange] = field(default_factory=list)
    """Groups of cars with enough test photos, the worst fall first."""
    sources: Sequence[ClassChange] = field(default_factory=list)
    """Sources of photos with enough of them, the worst fall first."""


@dataclass(frozen=True)
class NewCars:
    """Cars that the challenger knows and the champion does not."""

    learned: int
    """How many."""
    evidence: Evidence
    """Test photos of them."""
    right: float | None = None
    """Share of these that are named; None if there are none."""


@dataclass(frozen=True)
class Fills:
    """What a form would be filled in with, of test photos of known cars."""

    filled: int
    wrong: int
    photos: int

    @property
    def share_wrong(self) -> float:
        """Of what is filled in; 0 if nothing is."""
        return self.wrong / self.filled if self.filled else 0.0


@dataclass(frozen=True)
class Paired:
    """Challenger and champion on the same test photos."""

    old: OldCars | None
    """None if no photo shows a car that the champion knows."""
    evidence: Evidence
    """Of the old cars."""
    lacking: str
    """What is missing of what the champion knows, see Needed.lacking; "" if nothing is."""
    new: NewCars
    fills: Fills
    """The challenger's, of old and new cars."""
    champion_fills: Fills
    """Of old cars."""
    by_make: bool = False
    """Whether makes are compared, because neither version names models."""

    @property
    def headline(self) -> str:
        """What was gained, new cars and old ones apart, in one line."""
        what = "make" if self.by_make else "model"
        learned = self.new.learned
        gained = f"+{learned} {what}{'' if learned == 1 else 's'}" if learned else f"no new {what}"
        if self.old is None:
            return f"{gained}; old {what}s not tested"
        top1 = self.old.top1
        low, high = (f"{100 * one:+.1f}".replace("-", "−") for one in (top1.low, top1.high))
        return f"{gained}; old {what}s {100 * top1.value:+.1f} points ({low}…{high})".replace("-", "−")


@dataclass(frozen=True)
class NewLabels:
    """Labels that the champion does not remember, beside what all other photos show."""

    judged: int
    contradicted: int
    """See label_errors.Ranking."""


@dataclass(frozen=True)
class Measurements:
    """All that the gates look at, measured on the same test photos."""

    challenger: Mapping[str, Any]
    """Figures as `evaluate` names them."""
    champion: Mapping[str, Any] | None = None
    """None where there is nothing to compare with."""
    paired: Paired | None = None
    """None without a champion."""
    forgotten: Forgotten | None = None
    """Cars that the champion knows and the challenger does not."""
    labels: NewLabels | None = None
    """None where too few labels are new to say anything of them, or the champion has another
    extractor."""
    parity: Parity | None = None
    """None where there were no photos to measure it on."""
    latency: Latency | None = None
    """None where there were no photos to measure it on."""
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    """What `evaluate` says of the challenger alone; no gate looks at it."""

    def as_dict(self) -> dict[str, Any]:
        """What is kept with the run."""
        old = self.paired.old if self.paired else None
        return {
            "challenger": self.challenger,
            "champion": self.champion,
            "evaluation": self.evaluation,
            "headline": self.paired.headline if self.paired else "",
            "old": old and _old_as_dict(old),
            "new": self.paired and asdict(self.paired.new),
            "fills": self.paired and asdict(self.paired.fills),
            "champion_fills": self.paired and asdict(self.paired.champion_fills),
            "classes": [asdict(one) for one in old.classes] if old else [],
            "parity": self.parity and self.parity.as_dict(),
            "latency": self.latency and self.latency.as_dict(),
        }


def _old_as_dict(old: OldCars) -> dict[str, Any]:
    figures = {name: asdict(getattr(old, name)) for name in ("top1", "make", "coverage")}
    return {**figures, "calibration": old.calibration and asdict(old.calibration)}
