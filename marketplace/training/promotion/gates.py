"""The gates that a challenger must pass to replace the champion: each is a number and a limit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from classifier.training.target_error import TARGET_ERROR_WORDS
from marketplace.training.promotion.comparison import MIN_OF_CLASS, ClassChange, Difference
from marketplace.training.promotion.fitness import Latency, Parity
from marketplace.training.promotion.known_cars import Forgotten

MIN_TEST_PHOTOS = 20
TOP1_LOSS = -0.005
MAKE_LOSS = 0.0
CLASS_LOSS = -0.10
MOST_ECE = 0.05
COVERAGE_LOSS = -0.02
"""A larger loss of coverage fails its gate, even if the photos are few and the interval is wide."""
PARITY = 0.99
SLOWER = 1.2


@dataclass(frozen=True)
class Gate:
    """One condition, and what was measured."""

    name: str
    value: float
    limit: float
    passed: bool
    text: str

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Paired:
    """Challenger minus champion on the same test photos."""

    top1: Difference
    make: Difference
    coverage: Difference
    classes: Sequence[ClassChange] = field(default_factory=list)
    """Classes with enough test photos, the worst fall first."""
    by_make: bool = False
    """Whether top1, coverage and classes compare makes, because neither version names models."""


@dataclass(frozen=True)
class Measurements:
    """All that the gates look at, measured on the same test photos."""

    challenger: Mapping[str, Any]
    """Figures as `evaluate` names them."""
    champion: Mapping[str, Any] | None = None
    """None where there is nothing to compare with."""
    paired: Paired | None = None
    """None without a champion or without photos."""
    forgotten: Forgotten | None = None
    """Cars that the champion knows and the challenger does not."""
    learned: int = 0
    """How many cars the challenger knows and the champion does not."""
    parity: Parity | None = None
    """None where there were no photos to measure it on."""
    latency: Latency | None = None
    """None where there were no photos to measure it on."""
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    """What `evaluate` says of the challenger alone; no gate looks at it."""

    def as_dict(self) -> dict[str, Any]:
        """What is kept with the run."""
        return {
            "challenger": self.challenger,
            "champion": self.champion,
            "evaluation": self.evaluation,
            "classes": [asdict(one) for one in self.paired.classes] if self.paired else [],
            "parity": self.parity and self.parity.as_dict(),
            "latency": self.latency and self.latency.as_dict(),
        }


def gates_check(*, measured: Measurements, budget_ms: float) -> list[Gate]:
    """All gates that apply. Without a champion only those that need no comparison do.

    budget_ms: how long a single photo may take.
    """
    challenger, champion = measured.challenger, measured.champion
    photos = int(challenger["photos"])
    gates = [_at_least("test_photos", photos, MIN_TEST_PHOTOS, f"{photos} test photos of held-out cars")]
    if challenger["ece"] is not None:
        gates.append(_calibration_gate(challenger, champion))
    if champion is not None:
        gates.append(_forgotten_gate(measured.forgotten or Forgotten([], 0)))
    if measured.paired is not None:
        gates += _paired_gates(measured.paired, learned=measured.learned)
    if measured.parity is not None:
        gates.append(_parity_gate(measured.parity))
    if measured.latency is not None:
        gates.append(_latency_gate(measured.latency, budget_ms=budget_ms))
    return gates


def _calibration_gate(challenger: Mapping[str, Any], champion: Mapping[str, Any] | None) -> Gate:
    """The expected calibration error stays below the largest of three limits.

    On few photos even a perfectly calibrated model shows some error, so the error expected by
    chance is allowed. And a champion that is over the limit itself may be replaced by a model that
    is no worse.
    """
    value, chance = float(challenger["ece"]), float(challenger["ece_by_chance"])
    limit = max(MOST_ECE, chance, float(champion["ece"] or 0) if champion is not None else 0)
    of_chance = f", {chance:.3f} by chance alone" if chance > MOST_ECE else ""
    return _at_most("ece", value, limit, f"calibration error {value:.3f}{of_chance}")


def _forgotten_gate(forgotten: Forgotten) -> Gate:
    """No car that sellers offer here is forgotten, however good the challenger is on the photos.

    Cars that nobody offers here belong to another market and are no loss.
    """
    offered = forgotten.offered
    example = f", such as {offered[0]}" if offered else ""
    others = f"; {forgotten.others} more that nobody offers" if forgotten.others else ""
    text = f"{len(offered)} models forgotten that sellers offer here{example}{others}"
    return _at_most("forgotten_models", len(offered), 0, text)


def _paired_gates(paired: Paired, *, learned: int) -> list[Gate]:
    """Better at something, and not much worse at anything."""
    top1, make, coverage = paired.top1, paired.make, paired.coverage
    what, whats = ("make", "makes") if paired.by_make else ("top-1", "models")
    better = f"{what} {top1.value:+.3f}, {learned} {whats} learned"
    worst = paired.classes[0] if paired.classes else None
    fall = (
        f"worst class {worst.name}: {worst.champion:.3f} → {worst.challenger:.3f} on {worst.photos} photos"
        if worst
        else f"no class has {MIN_OF_CLASS} test photos"
    )
    return [
        # To lose little is not enough: the challenger gives more right answers, or knows more.
        Gate("gain", top1.value, 0, top1.value > 0 or learned > 0, better),
        Gate("top1_difference", top1.low, TOP1_LOSS, top1.low > TOP1_LOSS, f"{what} {_interval(top1)}"),
        _at_least("make_top1_difference", make.value, MAKE_LOSS, f"make top-1 {_interval(make)}"),
        _at_least("class_fall", worst.change if worst else 0, CLASS_LOSS, fall),
        # The interval must not lie wholly below zero …
        _at_least("coverage_difference", coverage.high, 0, f"coverage at {TARGET_ERROR_WORDS} {_interval(coverage)}"),
        # … and on few photos, where the interval is wide, a large loss fails all the same.
        _at_least(
            "coverage_loss", coverage.value, COVERAGE_LOSS, f"coverage at {TARGET_ERROR_WORDS} {coverage.value:+.3f}"
        ),
    ]


def _parity_gate(parity: Parity) -> Gate:
    same = parity.photos - parity.differing
    # One photo may differ however few there are: two classes may be equally likely.
    limit = min(PARITY, (parity.photos - 1) / parity.photos)
    text = (
        f"OpenVINO and PyTorch name the same car on {same} of {parity.photos} photos, "
        f"probabilities differ by {parity.largest:.4f} at most"
    )
    return _at_least("parity", same / parity.photos, limit, text)


def _latency_gate(latency: Latency, *, budget_ms: float) -> Gate:
    # On a slow machine the champion itself is over budget: there the two are compared.
    beside = latency.champion
    limit = max(budget_ms, SLOWER * beside) if beside is not None else budget_ms
    than = f", the champion {beside:.0f} ms" if beside is not None else ""
    text = f"one photo alone takes {latency.challenger:.0f} ms{than} (p50 of {latency.photos})"
    return _at_most("latency_ms", latency.challenger, limit, text)


def _interval(one: Difference) -> str:
    return f"{one.value:+.3f} (95 % interval {one.low:+.3f} … {one.high:+.3f})"


def _at_least(name: str, value: float, limit: float, text: str) -> Gate:
    return Gate(name, float(value), float(limit), value >= limit, text)


def _at_most(name: str, value: float, limit: float, text: str) -> Gate:
    return Gate(name, float(value), float(limit), value <= limit, text)
