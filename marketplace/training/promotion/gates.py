"""The gates that a challenger must pass to replace the champion: each is a number and a limit.

What was not shown is not passed: a gate names the photos that it stands on, and too few of them, or
of the champion's models, makes and sources, show nothing. No limit rises with a bad champion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from classifier.training.target_error import TARGET_ERROR
from marketplace.training.promotion.comparison import ERRORS, ClassChange, Difference
from marketplace.training.promotion.evidence import Evidence
from marketplace.training.promotion.fitness import Latency, Parity
from marketplace.training.promotion.known_cars import Forgotten
from marketplace.training.promotion.measurements import Measurements, NewLabels, OldCars, Paired

MIN_TEST_PHOTOS = 20
LOSS = -0.005
"""Of old cars' top-1, at the lower end of its interval, where nothing new was learned."""
LOSS_FOR_NEW, LOSS_FOR_NEW_LOW = -0.01, -0.02
"""Of old cars' top-1, make and coverage where new cars were learned, which take some photos from
them: measured, and at the lower end of the interval."""
NEW_RIGHT = 0.6
"""Share of the new cars' test photos that must be named."""
CLASS_LOSS = -0.10
SOURCE_LOSS = -0.05
MOST_ECE, MORE_ECE, CEILING_ECE = 0.05, 0.01, 0.10
"""The calibration error that is allowed in any case, more than the champion's on the same photos,
and more than what is never allowed."""
AT_ERRORS = f"coverage at {100 * ERRORS[0]:g} to {100 * ERRORS[-1]:g} % error"
COVERAGE_LOSS = -0.02
"""A larger loss of coverage fails its gate, even if the photos are few and the interval is wide."""
WRONG_MORE, CEILING_WRONG = 0.01, 0.05
"""Of what is filled in, the share that may be wrong more than by the champion, and at most."""
MOST_CONTRADICTED = 0.10
"""Share of the new labels that the photos may contradict. Of honest ones it is some 1 to 3 %, where
30 % are wrong 13 to 24 % (adr/0014)."""
MIN_OF_NEW = 5
"""Test photos that new cars need together."""
PARITY = 0.99
SLOWER = 1.2
OLD_GATES = (
    ("top1_difference", LOSS, "top-1 of old cars"),
    ("top1_loss", LOSS_FOR_NEW, "top-1 of old cars"),
    ("make_top1_difference", 0.0, "makes of old cars"),
    ("coverage_difference", 0.0, "coverage"),
    ("coverage_loss", COVERAGE_LOSS, "coverage"),
    ("class_fall", CLASS_LOSS, "what single models lose"),
    ("source_fall", SOURCE_LOSS, "what single sources lose"),
    ("ece", MOST_ECE, "calibration on old cars"),
)
"""What is asked of old cars: name, limit, and what it is about."""


@dataclass(frozen=True)
class Gate:
    """One condition, and what was measured."""

    name: str
    value: float
    limit: float
    passed: bool
    text: str
    evidence: Evidence | None = None
    """What it was measured on, where that is photos."""
    shown: bool = True
    """False: there is too little evidence, so it is not passed."""

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)

    @property
    def state(self) -> str:
        """In a word."""
        return "passed" if self.passed else "failed" if self.shown else "not shown"


def gates_check(*, measured: Measurements, budget_ms: float) -> list[Gate]:
    """All gates that apply. Without a champion only those that need no comparison do.

    budget_ms: how long a single photo may take.
    """
    photos = int(measured.challenger["photos"])
    gates = [_at_least("test_photos", photos, MIN_TEST_PHOTOS, f"{photos} test photos of held-out cars")]
    gates.append(_calibration_gate(measured.challenger, compared=measured.champion is not None))
    if measured.champion is not None:
        gates.append(_forgotten_gate(measured.forgotten or Forgotten([], 0)))
    if measured.paired is not None:
        gates += [*_new_gates(measured.paired), *_old_gates(measured.paired), _fills_gate(measured.paired)]
    if measured.labels is not None:
        gates.append(_labels_gate(measured.labels))
    gates.append(_parity_gate(measured.parity))
    gates.append(_latency_gate(measured.latency, budget_ms=budget_ms))
    return gates


def gates_missed(gates: Sequence[Gate]) -> str:
    """What failed and what was not shown, in words; "" if nothing."""
    failed = [gate.text for gate in gates if not gate.passed and gate.shown]
    # Gates that stand on the same photos lack the same.
    unshown = dict.fromkeys(gate.text for gate in gates if not gate.passed and not gate.shown)
    whys: dict[str, list[str]] = {}
    for text in unshown:
        what, _, why = text.partition(" not shown: ")
        whys.setdefault(why, []).append(what)
    return "; ".join([*failed, *(f"{', '.join(whats)} not shown: {why}" for why, whats in whys.items())])


def _calibration_gate(challenger: Mapping[str, Any], *, compared: bool) -> Gate:
    """The calibration error on all known test cars, new ones too, stays below MOST_ECE.

    On few photos even a perfectly calibrated model shows some error, so the error expected by
    chance is allowed. A challenger that is compared with a champion is judged on the champion's
    photos, see _old_calibration_gate; here only the ceiling holds for it. Where chance alone shows
    more than that, the photos show nothing.
    """
    name, limit = ("ece_of_all", CEILING_ECE) if compared else ("ece", MOST_ECE)
    if challenger["ece"] is None:
        return _not_shown(name, limit, "calibration", "no photo of a car that it knows was answered")
    value, chance = float(challenger["ece"]), float(challenger["ece_by_chance"])
    if chance > CEILING_ECE:
        few = f"error {value:.3f} where chance alone shows {chance:.3f}: too few photos"
        return _not_shown(name, CEILING_ECE, "calibration", few, value=value)
    of_chance = f", {chance:.3f} by chance alone" if chance > MOST_ECE else ""
    text = f"calibration error {value:.3f}{' on all cars' if compared else ''}{of_chance}"
    return _at_most(name, value, min(max(limit, chance), CEILING_ECE), text)


def _old_calibration_gate(old: OldCars) -> Gate:
    """No worse than the champion's by more than MORE_ECE, on the very photos that both answer.

    In any case MOST_ECE and what chance alone shows are allowed, and never more than CEILING_ECE.
    """
    found = old.calibration
    if found is None:
        return _not_shown("ece", MOST_ECE, "calibration on old cars", "no photo of an old car was answered")
    limit = min(max(MOST_ECE, found.by_chance, found.champion + MORE_ECE), CEILING_ECE)
    text = (
        f"old cars: calibration error {found.challenger:.3f}, by the champion {found.champion:.3f}, "
        f"{_interval(found.difference)}"
    )
    return _at_most("ece", found.challenger, limit, text)


def _forgotten_gate(forgotten: Forgotten) -> Gate:
    """No car that sellers offer here is forgotten, however good the challenger is on the photos.

    Cars that nobody offers here belong to another market and are no loss.
    """
    offered = forgotten.offered
    example = f", such as {offered[0]}" if offered else ""
    others = f"; {forgotten.others} more that nobody offers" if forgotten.others else ""
    text = f"{len(offered)} models forgotten that sellers offer here{example}{others}"
    return _at_most("forgotten_models", len(offered), 0, text)


def _new_gates(paired: Paired) -> list[Gate]:
    """Something is better: old cars are named more often, or new ones are named."""
    new, old = paired.new, paired.old
    named = new.right is not None and new.right >= NEW_RIGHT and new.evidence.photos >= MIN_OF_NEW
    gained = old.top1.value if old else 0.0
    better = Gate("gain", gained, 0, gained > 0 or named, paired.headline)
    if not new.learned:
        return [better]
    what = "new makes" if paired.by_make else "new models"
    if new.evidence.photos < MIN_OF_NEW or new.right is None:
        few = f"{new.evidence.words} test them, {MIN_OF_NEW} photos are needed"
        return [better, _not_shown("new_models", NEW_RIGHT, what, few, value=new.right or 0.0)]
    text = f"{what} named on {new.right:.3f} of their test photos"
    return [better, _at_least("new_models", new.right, NEW_RIGHT, text, evidence=new.evidence)]


def _old_gates(paired: Paired) -> list[Gate]:
    """Not much worse at anything that the champion knows."""
    old, seen = paired.old, paired.evidence
    if old is None or paired.lacking:
        why = paired.lacking or "no test photo shows a car that the champion knows"
        return [_not_shown(name, limit, words, why, evidence=seen) for name, limit, words in OLD_GATES]
    what = "make" if paired.by_make else "top-1"
    learned = bool(paired.new.learned)
    lowest, make_loss = (LOSS_FOR_NEW_LOW, LOSS_FOR_NEW) if learned else (LOSS, 0.0)
    coverage = old.coverage
    gates = [
        Gate("top1_difference", old.top1.low, lowest, old.top1.low > lowest, f"old cars: {what} {_interval(old.top1)}"),
        _at_least("top1_loss", old.top1.value, LOSS_FOR_NEW, f"old cars: {what} {old.top1.value:+.3f}"),
        _at_least("make_top1_difference", old.make.value, make_loss, f"old cars: make top-1 {_interval(old.make)}"),
        # The interval must not lie wholly below zero …
        _at_least("coverage_difference", coverage.high, 0, f"old cars: {AT_ERRORS} {_interval(coverage)}"),
        # … and on few photos, where the interval is wide, a large loss fails all the same.
        _at_least("coverage_loss", coverage.value, COVERAGE_LOSS, f"old cars: {AT_ERRORS} {coverage.value:+.3f}"),
        _fall_gate("class_fall", old.classes, CLASS_LOSS, "group of cars"),
        _fall_gate("source_fall", old.sources, SOURCE_LOSS, "source"),
        _old_calibration_gate(old),
    ]
    return [replace(gate, evidence=seen) for gate in gates]


def _fall_gate(name: str, changes: Sequence[ClassChange], limit: float, what: str) -> Gate:
    if not changes:
        return _not_shown(name, limit, f"worst {what}", f"no {what} has enough test photos")
    worst = changes[0]
    fall = f"worst {what} {worst.name}: {worst.champion:.3f} → {worst.challenger:.3f} on {worst.photos} photos"
    return _at_least(name, worst.change, limit, fall)


def _fills_gate(paired: Paired) -> Gate:
    """What a form would be filled in with is wrong no more often than promised.

    A champion that is worse lets it be a little worse, up to the ceiling.
    """
    fills, before = paired.fills, paired.champion_fills
    limit = min(max(TARGET_ERROR, before.share_wrong + WRONG_MORE), CEILING_WRONG)
    text = f"{fills.wrong} of {fills.filled} forms wrongly filled in, by the champion {before.wrong} of {before.filled}"
    gate = _at_most("wrong_fills", fills.share_wrong, limit, text)
    # Of a few forms one wrong one is a large share.
    return replace(gate, passed=gate.passed or fills.wrong <= 1, evidence=paired.evidence)


def _labels_gate(labels: NewLabels) -> Gate:
    text = f"{labels.contradicted} of {labels.judged} new labels are contradicted by the photos (`suspects` lists them)"
    return _at_most("new_labels", labels.contradicted / labels.judged, MOST_CONTRADICTED, text)


def _parity_gate(parity: Parity | None) -> Gate:
    if parity is None:
        return _not_shown("parity", PARITY, "OpenVINO beside PyTorch", "no photo at hand shows a car")
    same = parity.photos - parity.differing
    # One photo may differ however few there are: two classes may be equally likely.
    limit = min(PARITY, (parity.photos - 1) / parity.photos)
    text = (
        f"OpenVINO and PyTorch name the same car on {same} of {parity.photos} photos, "
        f"probabilities differ by {parity.largest:.4f} at most"
    )
    return _at_least("parity", same / parity.photos, limit, text)


def _latency_gate(latency: Latency | None, *, budget_ms: float) -> Gate:
    if latency is None:
        return _not_shown("latency_ms", budget_ms, "the time of one photo", "no photo is at hand")
    # On a slow machine the champion itself is over budget: there the two are compared.
    beside = latency.champion
    limit = max(budget_ms, SLOWER * beside) if beside is not None else budget_ms
    than = f", the champion {beside:.0f} ms" if beside is not None else ""
    text = f"one photo alone takes {latency.challenger:.0f} ms{than} (p50 of {latency.photos})"
    return _at_most("latency_ms", latency.challenger, limit, text)


def _interval(one: Difference) -> str:
    return f"{one.value:+.3f} (95 % interval {one.low:+.3f} … {one.high:+.3f})"


def _at_least(name: str, value: float, limit: float, text: str, evidence: Evidence | None = None) -> Gate:
    return Gate(name, float(value), float(limit), value >= limit, text, evidence)


def _at_most(name: str, value: float, limit: float, text: str) -> Gate:
    return Gate(name, float(value), float(limit), value <= limit, text)


def _not_shown(
    name: str, limit: float, what: str, why: str, *, value: float = 0.0, evidence: Evidence | None = None
) -> Gate:  # fmt: skip
    return Gate(name, value, limit, passed=False, text=f"{what} not shown: {why}", evidence=evidence, shown=False)
