"""From trained weights to an artefact: calibrated and measured the way it will serve, on cars it was not trained on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from classifier.artefact import NEVER, Artefact, ArtefactSpec, Thresholds, TrainedClass, artefact_write
from classifier.fuse import log_softmax
from classifier.preprocess import FloatArray
from classifier.recognise import Recogniser
from classifier.taxonomy import name_key, summarise
from classifier.training.calibrate import (
    MIN_ANSWERED,
    alpha_fit,
    reliability,
    source_weights,
    temperature_fit,
    threshold_fit,
)
from classifier.training.evaluate import judged_summarise, key_by_letters, per_class, photos_judge
from classifier.training.labels import UNKNOWN, label_numbers
from classifier.training.manifest import ManifestRow
from classifier.training.progress import Progress

FEWEST_TO_CALIBRATE = 20
"""With fewer held-out photos a temperature would be fitted to noise."""
MAX_ERROR = 0.03
Rename = Callable[[str, str], tuple[str, str]]
"""(make, model) → the names under which a site adds classes up; two names of one car become one."""
FALLBACK_TEMPERATURE = 1.5
"""Without held-out photos: rather less sure than more."""


def as_trained(make: str, model: str) -> tuple[str, str]:
    """The Rename that leaves names as they are."""
    return make, model


@dataclass(frozen=True)
class Finished:
    """The artefact and its figures on the test side."""

    artefact: Artefact
    metrics: dict[str, Any]
    reliability: list[tuple[float, float, int]] = field(default_factory=list)
    """As calibrate.reliability, over known test photos with an answer."""
    per_class: list[dict[str, Any]] = field(default_factory=list)
    """Per class that occurs on the test side: class, precision, recall, f1, support; the weakest first."""


def finish(
    *,
    spec: ArtefactSpec,
    state: dict[str, Tensor],
    name: str,
    out: Path,
    work_dir: Path,
    weights: Path,
    val: Sequence[ManifestRow],
    test: Sequence[ManifestRow],
    progress: Progress,
    rename: Rename = as_trained,
) -> Finished:
    """Fit temperature and thresholds on val, measure on test (both: rows of photos from outside), write to `out`.

    rename: see calibrate. Drafts lie in work_dir while photos go through the whole Recogniser. Raises ArtefactError,
    EngineError.
    """
    drafts = work_dir / "drafts"
    shutil.rmtree(drafts, ignore_errors=True)
    draft = artefact_write(parent=drafts, name=name, spec=replace(spec, temperature=1.0), state_dict=state)
    raw = _log_probs(draft, val, work_dir=work_dir, weights=weights, progress=progress)
    temperature, thresholds = calibrate(raw, val, spec, rename=rename)
    alpha = alpha_fit(_cars(raw, val, spec, temperature), spec.classes)
    spec = replace(
        spec,
        temperature=temperature,
        thresholds=thresholds,
        fusion_alpha=spec.fusion_alpha if alpha is None else alpha,
        code_version=code_version(),
    )
    curve: list[tuple[float, float, int]] = []
    classes: list[dict[str, Any]] = []
    if test:

        def key(make: str, model: str) -> tuple[str, str]:
            return key_by_letters(*rename(make, model))

        draft = artefact_write(parent=drafts, name=name, spec=spec, state_dict=state)
        recogniser = Recogniser.open(classifier=draft.folder, weights=weights, cache_dir=work_dir / "ir")
        try:
            judged = photos_judge(
                rows=test, recogniser=recogniser, progress=progress, key=key, classes=_renamed(spec, rename)
            )
            measured = judged_summarise(judged=judged, recogniser=recogniser, key=key)
        finally:
            recogniser.close()
        measured.pop("usable", None)  # all photos are exteriors here: it would say half the truth
        spec = replace(spec, metrics={**spec.metrics, "test": _rounded(measured)})
        answered = [one for one in judged if one.known and one.recognition.candidates]
        curve = reliability([one.confidence for one in answered], [one.model_right for one in answered])
        names = [" ".join((c.make, c.model, c.years)).strip() for c in spec.classes]
        classes = [{"class": names[index], **figures} for index, figures in per_class(judged).items()]
        classes.sort(key=lambda one: (one["f1"], -one["support"]))
    artefact = artefact_write(parent=out, name=name, spec=spec, state_dict=state)
    shutil.rmtree(drafts, ignore_errors=True)
    return Finished(artefact, spec.metrics, curve, classes)


def calibrate(
    raw: Sequence[FloatArray | None],
    rows: Sequence[ManifestRow],
    spec: ArtefactSpec,
    *,
    rename: Rename = as_trained,
) -> tuple[float, Thresholds]:
    """raw: log-probabilities at temperature 1 per row, None where the photo was not classified.

    Photos of models that were not trained count as errors in the thresholds: on the site they come as well. `rename`
    gives classes and labels the names under which the site adds up what it compares with the thresholds. A source of n
    photos counts sqrt(n) in temperature and thresholds alike: the easiest is often the largest, and must not speak for
    the others. With too few photos to measure anything on, what the spec came with stands (that of the artefact which
    was extended), else nothing is ever filled in.
    """
    labels = label_numbers(rows, spec.classes)
    known = [
        (one, label, row)
        for one, label, row in zip(raw, labels, rows, strict=True)
        if one is not None and label != UNKNOWN
    ]
    inherited = "extends" in spec.recipe
    if inherited and len(known) < MIN_ANSWERED:  # the two belong together: thresholds hold at their own temperature
        return spec.temperature, spec.thresholds
    temperature = FALLBACK_TEMPERATURE
    if len(known) >= FEWEST_TO_CALIBRATE:
        temperature = temperature_fit(
            np.stack([one for one, _, _ in known]),
            [label for _, label, _ in known],
            source_weights([row.source for _, _, row in known]),
        )
    classes = _renamed(spec, rename)
    answered = [(one, row) for one, row in zip(raw, rows, strict=True) if one is not None]
    weights = source_weights([row.source for _, row in answered])
    models, makes = [], []
    for one, row in answered:
        make, (best, *_) = summarise(np.exp(log_softmax(one / temperature)), classes)
        truth = rename(row.make, row.model)
        models.append((best.confidence, _same((best.make, best.model), truth)))
        makes.append((make.confidence, _same((make.name, ""), (truth[0], ""))))
    return temperature, Thresholds(model=_threshold(models, weights), make=_threshold(makes, weights))


def _renamed(spec: ArtefactSpec, rename: Rename) -> list[TrainedClass]:
    return [TrainedClass(*rename(one.make, one.model), one.years) for one in spec.classes]


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return name_key(one[0]) == name_key(other[0]) and (not other[1] or name_key(one[1]) == name_key(other[1]))


def _threshold(stated: Sequence[tuple[float, bool]], weights: NDArray[np.float64]) -> float:
    if not stated:
        return NEVER
    confidence, right = zip(*stated, strict=True)
    return threshold_fit(confidence, right, max_error=MAX_ERROR, weights=weights)


def _cars(
    raw: Sequence[FloatArray | None], rows: Sequence[ManifestRow], spec: ArtefactSpec, temperature: float
) -> list[tuple[list[FloatArray], int]]:
    """Cars with several photos of which the classifier knows the class: their log-probabilities, their class."""
    cars: dict[str, tuple[list[FloatArray], int]] = {}
    for one, row, label in zip(raw, rows, label_numbers(rows, spec.classes), strict=True):
        if one is not None and label != UNKNOWN:
            cars.setdefault(row.vehicle, ([], label))[0].append(log_softmax(one / temperature))
    return [car for car in cars.values() if len(car[0]) > 1]


def _log_probs(
    draft: Artefact, rows: Sequence[ManifestRow], *, work_dir: Path, weights: Path, progress: Progress
) -> list[FloatArray | None]:
    if not rows:
        return []
    recogniser = Recogniser.open(classifier=draft.folder, weights=weights, cache_dir=work_dir / "ir")
    try:
        stream = recogniser.stream(row.path for row in rows)
        return [one.log_probs for one in progress.track(stream, total=len(rows), what="calibrating")]
    finally:
        recogniser.close()


def code_version() -> str:
    """The commit this code is at; "" outside a git checkout."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own arguments
    return done.stdout.strip() if done.returncode == 0 else ""


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value
