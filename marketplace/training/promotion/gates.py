"""What a challenger has to show before it may take the champion's place. Each gate is a number and a limit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from marketplace.training.promotion.comparison import MIN_OF_CLASS, ClassChange, Difference
from marketplace.training.promotion.fitness import Latency, Parity
from marketplace.training.promotion.known_cars import Forgotten

MIN_TEST_PHOTOS = 20
TOP1_LOSS = -0.005
MAKE_LOSS = 0.0
CLASS_LOSS = -0.10
MOST_ECE = 0.05
COVERAGE_LOSS = -0.02
"""A loss of coverage counts as chance up to here only, however few the photos and wide the interval."""
PARITY = 0.99
SLOWER = 1.2


@dataclass(frozen=True)
class Gate:
    """One condition with what was measured."""

    name: str
    value: float
    limit: float
    passed: bool
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Paired:
    """Challenger against champion on the same test photos."""

    top1: Difference
    make: Difference
    coverage: Difference
    classes: Sequence[ClassChange] = field(default_factory=list)
    """Classes with enough test photos, the worst fall first."""
    by_make: bool = False
    """Neither names a model: top1, coverage and classes are those of makes."""


def gates_check(
    *,
    challenger: Mapping[str, Any],
    champion: Mapping[str, Any] | None,
    paired: Paired | None,
    forgotten: Forgotten | None = None,
    learned: int = 0,
    parity: Parity | None = None,
    latency: Latency | None = None,
    budget_ms: float = 0,
) -> list[Gate]:
    """All gates. Metrics as ``evaluate`` gives them, on the same test photos; no champion: only what stands alone.

    forgotten: cars that the champion knows and the challenger does not. However well it does on the photos at hand, it
    would never name those again that sellers offer here; another market's are no loss. learned: how many it knows and
    the champion does not; without any, and without more right answers, it is not better, however little it loses.
    paired: None without champion or photos. parity, latency: None where nothing could be measured. budget_ms: what a
    photo that comes alone may take.
    """
    photos = int(challenger["photos"])
    gates = [
        _at_least("test_photos", photos, MIN_TEST_PHOTOS, f"{photos} test photos of held-out cars"),
    ]
    if challenger["ece"] is not None:
        gates.append(_calibration_gate(challenger, champion))
    if champion is not None:
        gates.append(_forgotten_gate(forgotten or Forgotten([], 0)))
    if paired is not None:
        gates += _paired_gates(paired, learned=learned)
    if parity is not None:
        gates.append(_parity_gate(parity))
    if latency is not None:
        gates.append(_latency_gate(latency, budget_ms=budget_ms))
    return gates


def _calibration_gate(challenger: Mapping[str, Any], champion: Mapping[str, Any] | None) -> Gate:
    """On few photos even perfect confidence shows an error above the limit: then what chance alone shows counts.

    The champion's counts as well: one that is less honest than the limit may be replaced by one that is no worse.
    """
    value, chance = float(challenger["ece"]), float(challenger["ece_by_chance"])
    limit = max(MOST_ECE, chance, float(champion["ece"] or 0) if champion is not None else 0)
    of_chance = f", {chance:.3f} by chance alone" if chance > MOST_ECE else ""
    return _at_most("ece", value, limit, f"calibration error {value:.3f}{of_chance}")


def _forgotten_gate(forgotten: Forgotten) -> Gate:
    offered = forgotten.offered
    example = f", such as {offered[0]}" if offered else ""
    others = f"; {forgotten.others} more that nobody offers" if forgotten.others else ""
    text = f"{len(offered)} models forgotten that sellers offer here{example}{others}"
    return _at_most("forgotten_models", len(offered), 0, text)


def _paired_gates(paired: Paired, *, learned: int) -> list[Gate]:
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
        Gate("gain", top1.value, 0, top1.value > 0 or learned > 0, better),
        Gate("top1_difference", top1.low, TOP1_LOSS, top1.low > TOP1_LOSS, f"{what} {_interval(top1)}"),
        _at_least("make_top1_difference", make.value, MAKE_LOSS, f"make top-1 {_interval(make)}"),
        _at_least("class_fall", worst.change if worst else 0, CLASS_LOSS, fall),
        # Not worse, as far as these photos can tell: gain or loss must be compatible with none …
        _at_least("coverage_difference", coverage.high, 0, f"coverage at 3 % error {_interval(coverage)}"),
        # … and where they can tell little, a large loss is none the less one.
        _at_least("coverage_loss", coverage.value, COVERAGE_LOSS, f"coverage at 3 % error {coverage.value:+.3f}"),
    ]


def _parity_gate(parity: Parity) -> Gate:
    same = parity.photos - parity.differing
    # Of fewer than a hundred photos one may differ: two classes may be equally likely.
    limit = min(PARITY, (parity.photos - 1) / parity.photos)
    text = (
        f"OpenVINO and PyTorch name the same car on {same} of {parity.photos} photos, "
        f"probabilities differ by {parity.largest:.4f} at most"
    )
    return _at_least("parity", same / parity.photos, limit, text)


def _latency_gate(latency: Latency, *, budget_ms: float) -> Gate:
    # A slow machine is no fault of the challenger's: there it must not be much slower than what serves.
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
