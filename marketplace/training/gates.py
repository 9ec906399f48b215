"""What a challenger has to show before it may take the champion's place. Each gate is a number and a limit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from marketplace.training.compare import Difference

MIN_TEST_PHOTOS = 20
TOP1_LOSS = -0.005
MAKE_LOSS = -0.005
MOST_ECE = 0.05
COVERAGE_LOSS = -0.02


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


def gates_judge(
    *,
    challenger: Mapping[str, Any],
    champion: Mapping[str, Any] | None,
    top1: Difference | None,
    make: Difference | None,
    forgotten: Sequence[str] = (),
    learned: int = 0,
) -> list[Gate]:
    """All gates. Metrics as ``evaluate`` gives them, on the same test photos; no champion: only what stands alone.

    forgotten: cars that the champion knows and the challenger does not. However well it does on the photos at hand, it
    would never name these again. learned: how many it knows and the champion does not; without any, and without more
    right answers, it is not better, however little it loses.
    """
    photos = int(challenger["photos"])
    gates = [
        _at_least("test_photos", photos, MIN_TEST_PHOTOS, f"{photos} test photos of cars nobody was trained on"),
    ]
    if challenger["ece"] is not None:
        # On few photos even perfect confidence shows an error above the limit; then it is the champion's that counts.
        value = float(challenger["ece"])
        limit = max(MOST_ECE, float(champion["ece"] or 0) if champion is not None else 0)
        gates.append(Gate("ece", value, limit, value <= limit, f"calibration error {value:.3f}"))
    if champion is not None:
        example = f", such as {forgotten[0]}" if forgotten else ""
        gates.append(
            Gate("forgotten_models", len(forgotten), 0, not forgotten, f"{len(forgotten)} models forgotten{example}")
        )
    if champion is None or top1 is None or make is None:
        return gates
    better = f"top-1 {top1.value:+.3f}, {learned} models learned"
    gates += [
        Gate("gain", top1.value, 0, top1.value > 0 or learned > 0, better),
        _at_least(
            "top1_difference", top1.low, TOP1_LOSS,
            f"top-1 {top1.value:+.3f} (95 % interval {top1.low:+.3f} … {top1.high:+.3f})",
        ),
        _at_least("make_top1_difference", make.value, MAKE_LOSS, f"make top-1 {make.value:+.3f}"),
    ]  # fmt: skip
    if challenger["coverage_at_3pct_error"] is not None and champion["coverage_at_3pct_error"] is not None:
        gain = float(challenger["coverage_at_3pct_error"]) - float(champion["coverage_at_3pct_error"])
        gates.append(_at_least("coverage_difference", gain, COVERAGE_LOSS, f"coverage at 3 % error {gain:+.3f}"))
    return gates


def _at_least(name: str, value: float, limit: float, text: str) -> Gate:
    return Gate(name, float(value), float(limit), value >= limit, text)
