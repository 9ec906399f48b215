"""From trained weights to an artefact: calibrated and measured as it will serve.

Both are done on cars that the network was not trained on.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from classifier.artefact import NEVER, Artefact, ArtefactSpec, Thresholds, TrainedClass, artefact_write
from classifier.classify import calibrated
from classifier.fuse import log_softmax
from classifier.names import name_key
from classifier.photo_temperature import photo_temperatures
from classifier.preprocess import FloatArray
from classifier.recognition import Recognition
from classifier.taxonomy import Guess, summarise
from classifier.training.calibration import (
    FALLBACK_TEMPERATURE,
    MIN_ANSWERED,
    MIN_HELD_OUT,
    alpha_fit,
    class_temperatures_fit,
    source_weights,
    temperature_fit,
    thresholds_fit,
)
from classifier.training.data.attribute_labels import body_of, class_bodies_of
from classifier.training.data.cleaning.seen_photos import SeenPhotos
from classifier.training.data.labels import UNKNOWN, label_numbers
from classifier.training.data.manifest import SPLITS, ManifestRow, Split
from classifier.training.data.memory.keeping import memory_bounded, photos_most, rows_bounded
from classifier.training.data.memory.remembered import Memory
from classifier.training.data.split import split_of
from classifier.training.evaluation.cached_recogniser import CachedRecogniser
from classifier.training.evaluation.evaluate import photos_score, scores_summarise
from classifier.training.evaluation.photo_temperatures_fit import (
    MOST_PHOTOS,
    TARGETS,
    Said,
    evenly,
    pixel_temperatures_fit,
    scaled_down,
    view_temperatures_fit,
)
from classifier.training.evaluation.trained_names import key_by_letters
from classifier.training.evaluation.view_and_body import bodies_fit
from classifier.training.loop.head.incremental import EXTENDS
from classifier.training.model.backbones import State
from classifier.training.progress import Progress
from classifier.training.report.findings import Findings, findings_of
from classifier.training.request import Rename, TrainingContext, as_trained


@dataclass(frozen=True)
class Trained:
    """A network that has learned, before calibration."""

    name: str
    """The artefact's name begins with it."""
    spec: ArtefactSpec
    state: State
    splits: Mapping[Split, Sequence[ManifestRow]]
    """train, val, test: photos of exteriors."""
    seen_photos: SeenPhotos | None = None
    """Written beside the weights."""
    memory: Memory | None = None
    """Of the champion that was extended, without photos of the splits: it is calibrated, measured
    and remembered with them."""

    def rows(self, split: Split) -> list[ManifestRow]:
        """Remembered photos of a split, then those at hand."""
        return [*(self.memory.of(split).rows if self.memory else ()), *self.splits[split]]

    def answers(self, split: Split, recogniser: CachedRecogniser) -> Iterator[Recognition]:
        """What is said of each of `rows`."""
        before = self.memory.of(split).sights() if self.memory else ()
        return recogniser.answers(chain(before, recogniser.sights([row.path for row in self.splits[split]])))


@dataclass(frozen=True)
class Finished:
    """The artefact and its figures on the test split."""

    artefact: Artefact
    metrics: dict[str, Any]
    findings: Findings | None = None
    """For the report; None without test photos."""


def finish(trained: Trained, context: TrainingContext, *, out: Path) -> Finished:
    """Fit temperatures and thresholds on val, measure on test, write the artefact to `out`.

    The artefact recognises photos while it is still a draft in work_dir, see CachedRecogniser.
    Raises ArtefactError, EngineError, OSError.
    """
    drafts = context.work_dir / "drafts"
    shutil.rmtree(drafts, ignore_errors=True)
    plain = replace(
        trained.spec, temperature=1.0, class_temperatures=(), pixel_temperatures=(), view_temperatures=(),
        class_bodies=(),
    )  # fmt: skip
    draft = artefact_write(parent=drafts, name=trained.name, spec=plain, state_dict=trained.state)
    recogniser_of = partial(
        CachedRecogniser, draft, memory=context.work_dir, weights=context.weights, cache_dir=context.converted
    )
    held_out = _held_out(recogniser_of(), trained, progress=context.progress)
    spec = replace(_calibrated(trained, held_out, rename=context.rename), code_version=code_version())
    findings: Findings | None = None
    if trained.rows("test"):
        spec, findings = _measured(spec, recogniser_of(spec=spec), trained, context)
    memory: Memory | None = None
    if trained.memory is not None or EXTENDS not in trained.spec.recipe:  # a part would pass for the whole
        rows = [row for split in SPLITS for row in trained.splits[split]]
        memory = remembered(recogniser_of(), rows, before=trained.memory, progress=context.progress)
    artefact = artefact_write(
        parent=out, name=trained.name, spec=spec, state_dict=trained.state,
        seen_photos=trained.seen_photos.as_bytes() if trained.seen_photos else None,
        memory=memory.as_bytes() if memory else None,
    )  # fmt: skip
    shutil.rmtree(drafts, ignore_errors=True)
    return Finished(artefact, spec.metrics, findings)


def remembered(
    recogniser: CachedRecogniser, rows: Sequence[ManifestRow], *, before: Memory | None, progress: Progress
) -> Memory:
    """What an artefact remembers of the photos that made it. Closes the recogniser.

    rows: of exteriors, of all splits; photos to learn from count only where they have a class.
    before: a memory of the same extractor to begin with. Only photos that were not looked at before
    are looked at now. Raises EngineError and OSError.
    """
    labels = label_numbers(rows, recogniser.classes, rest=True)
    useful = [row for row, label in zip(rows, labels, strict=True) if label != UNKNOWN or split_of(row) != "train"]
    useful = rows_bounded(useful, most=photos_most(recogniser.width))
    try:
        digests = recogniser.digests([row.path for row in useful])
        sights = progress.track(recogniser.sights(row.path for row in useful), total=len(useful), what="remembering")
        before = before or Memory.nothing(extractor=recogniser.extractor, width=recogniser.width)
        memory = before.extended(useful, sights, digests)
    finally:
        recogniser.close()
    kept = memory_bounded(memory)
    of = f", of {len(memory.photos):,}" if len(kept.photos) < len(memory.photos) else ""
    progress.say(f"remembers {len(kept.photos):,} photos{of}")
    return kept


@dataclass(frozen=True)
class _HeldOut:
    """What the draft says, at temperature 1, of the photos that calibrate it."""

    answers: Sequence[Recognition]
    """On val, in the rows' order."""
    scaled: Sequence[Sequence[tuple[ManifestRow, Recognition]]] = ()
    """On photos of val scaled down to each of photo_temperatures_fit.TARGETS."""


def _calibrated(trained: Trained, held_out: _HeldOut, *, rename: Rename) -> ArtefactSpec:
    """The spec with temperatures, thresholds and fusion."""
    spec, val, train, answers = trained.spec, trained.rows("val"), trained.rows("train"), held_out.answers
    raw = [one.log_probs for one in answers]
    incremental = EXTENDS in spec.recipe  # too few photos of its own to fit what it has from its base
    if not incremental or trained.memory is not None:
        spec = replace(spec, class_temperatures=_class_temperatures(raw, val, train, spec))
    if not incremental:
        spec = replace(spec, class_bodies=class_bodies_of(train, spec.classes))
        spec = _with_photo_temperatures(spec, val, held_out, rename=rename)
    temperature, thresholds = calibrate(answers, val, spec, rename=rename)
    spec = replace(spec, temperature=temperature, thresholds=thresholds)
    if spec.class_bodies and not incremental:
        body_temperature, body_threshold = bodies_fit(_bodies(answers, val, spec), spec.class_bodies)
        spec = replace(
            spec, body_temperature=body_temperature, thresholds=replace(thresholds, body=body_threshold)
        )  # fmt: skip
    alpha = alpha_fit(_cars(answers, val, spec), spec.classes)
    return spec if alpha is None else replace(spec, fusion_alpha=alpha)


def _with_photo_temperatures(
    spec: ArtefactSpec, val: Sequence[ManifestRow], held_out: _HeldOut, *, rename: Rename
) -> ArtefactSpec:
    temperature, _ = calibrate(held_out.answers, val, spec, rename=rename)
    at_that = replace(spec, temperature=temperature)

    def known(photos: Sequence[tuple[ManifestRow, Recognition]]) -> list[Said]:
        labels = label_numbers([row for row, _ in photos], spec.classes, rest=True)
        return [
            Said(log_probs, label, row.source, said.view.name if said.view else "")
            for (row, said), label in zip(photos, labels, strict=True)
            if label != UNKNOWN and (log_probs := _log_probs(said, at_that)) is not None
        ]

    by_view = view_temperatures_fit(known(list(zip(val, held_out.answers, strict=True))))
    at_that = replace(at_that, view_temperatures=by_view)
    by_pixels = pixel_temperatures_fit([known(group) for group in held_out.scaled])
    return replace(spec, view_temperatures=by_view, pixel_temperatures=by_pixels)


def _log_probs(said: Recognition, spec: ArtefactSpec) -> FloatArray | None:
    """Of a draft's answer, by the spec's temperatures; None if it was not classified."""
    if said.log_probs is None:
        return None
    look = (said.box, said.image_size, said.view.name if said.view else "")
    of_photo = photo_temperatures([look], by_pixels=spec.pixel_temperatures, by_view=spec.view_temperatures)
    answer: FloatArray = calibrated(said.log_probs[None], spec, of_photo)[0]
    return answer


def _measured(
    spec: ArtefactSpec, recogniser: CachedRecogniser, trained: Trained, context: TrainingContext
) -> tuple[ArtefactSpec, Findings]:
    """The spec with its figures on test, and findings on single photos. Closes the recogniser."""
    rename = context.rename

    def key(make: str, model: str) -> tuple[str, str]:
        return key_by_letters(*rename(make, model))

    try:
        scored = photos_score(
            rows=trained.rows("test"), recogniser=recogniser, progress=context.progress, key=key,
            classes=_renamed(spec, rename), answers=trained.answers("test", recogniser),
        )  # fmt: skip
        measured = scores_summarise(scored=scored, recogniser=recogniser, key=key)
    finally:
        recogniser.close()
    measured.pop("usable", None)  # all photos are exteriors here: the figure would mislead
    findings = findings_of(scored=scored, model=spec, key=key)
    metrics = {**spec.metrics, "test": _rounded(measured), "per_class": _rounded(findings.per_class)}
    return replace(spec, metrics=metrics), findings


def calibrate(
    answers: Sequence[Recognition],
    rows: Sequence[ManifestRow],
    spec: ArtefactSpec,
    *,
    rename: Rename = as_trained,
) -> tuple[float, Thresholds]:
    """Temperature and thresholds, fitted on held-out photos.

    answers: per row the draft's, at temperature 1. Photos of models that were not trained count as
    errors in the thresholds, because the site gets such photos as well. rename: gives classes and
    labels the names under which the site adds up confidences before it compares them with the
    thresholds. In the temperature a source of n photos counts sqrt(n), so that the largest, which
    is often the easiest, does not outweigh the others; the thresholds hold in each source (see
    thresholds_fit). With too few photos an incremental artefact keeps its base's values; any other
    never fills anything in.
    """
    at_1 = replace(spec, temperature=1.0)
    raw = [_log_probs(one, at_1) for one in answers]
    labels = label_numbers(rows, spec.classes, rest=True)
    known = [
        (one, label, row)
        for one, label, row in zip(raw, labels, rows, strict=True)
        if one is not None and label != UNKNOWN
    ]
    if EXTENDS in spec.recipe and len(known) < MIN_ANSWERED:  # thresholds hold only at their own temperature
        return spec.temperature, spec.thresholds
    temperature = FALLBACK_TEMPERATURE
    if len(known) >= MIN_HELD_OUT:
        temperature = temperature_fit(
            np.stack([one for one, _, _ in known]),
            [label for _, label, _ in known],
            source_weights([row.source for _, _, row in known]),
        )
    classes = _renamed(spec, rename)
    models, makes = [], []
    for one, row in zip(raw, rows, strict=True):
        if one is None:
            continue
        make, (best, *_) = summarise(np.exp(log_softmax(one / temperature)), classes)
        truth = rename(row.make, row.model)
        if not best.alike:  # no form is filled in with one of several look-alikes, however sure
            # A classifier of makes alone never names the model, so its answers never fill one in.
            right = bool(best.model) and _same((best.make, best.model), truth)
            models.append((best.confidence, right, row.source))
        makes.append((make.confidence, _same((make.name, ""), (truth[0], "")), row.source))
    return temperature, replace(spec.thresholds, model=_threshold(models), make=_threshold(makes))


def _renamed(spec: ArtefactSpec, rename: Rename) -> list[TrainedClass]:
    return [TrainedClass(*rename(one.make, one.model), one.years) for one in spec.classes]


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return name_key(one[0]) == name_key(other[0]) and (not other[1] or name_key(one[1]) == name_key(other[1]))


def _threshold(stated: Sequence[tuple[float, bool, str]]) -> float:
    if not stated:
        return NEVER
    confidence, right, sources = zip(*stated, strict=True)
    return thresholds_fit(confidence, right, sources)


def _class_temperatures(
    raw: Sequence[FloatArray | None], val: Sequence[ManifestRow], train: Sequence[ManifestRow], spec: ArtefactSpec
) -> tuple[float, ...]:
    photos = Counter(zip(label_numbers(train, spec.classes, rest=True), (row.source for row in train), strict=True))
    shares = {source: np.zeros(len(spec.classes)) for _, source in photos}
    for (label, source), count in photos.items():
        if label != UNKNOWN:
            shares[source][label] = count
    total = np.maximum(sum(shares.values()), 1)
    known = [
        (one, label, row.source)
        for one, label, row in zip(raw, label_numbers(val, spec.classes, rest=True), val, strict=True)
        if one is not None and label != UNKNOWN
    ]
    if not known:
        return ()
    logits, labels, sources = zip(*known, strict=True)
    return class_temperatures_fit(
        np.stack(logits), labels, sources, {source: share / total for source, share in shares.items()}
    )


def _bodies(
    answers: Sequence[Recognition], val: Sequence[ManifestRow], spec: ArtefactSpec
) -> list[tuple[tuple[Guess, ...], FloatArray, str]]:
    """Guesses, calibrated log-probabilities and label of each photo with a labelled body."""
    return [
        (one.bodies, log_probs, body)
        for one, row in zip(answers, val, strict=True)
        if one.bodies and (body := body_of(row)) and (log_probs := _log_probs(one, spec)) is not None
    ]


def _cars(
    answers: Sequence[Recognition], rows: Sequence[ManifestRow], spec: ArtefactSpec
) -> list[tuple[list[FloatArray], int]]:
    """Cars of a known class with several photos: the photos' log-probabilities, and the class."""
    cars: dict[str, tuple[list[FloatArray], int]] = {}
    for one, row, label in zip(answers, rows, label_numbers(rows, spec.classes, rest=True), strict=True):
        if label != UNKNOWN and (log_probs := _log_probs(one, spec)) is not None:
            cars.setdefault(row.vehicle, ([], label))[0].append(log_probs)
    return [car for car in cars.values() if len(car[0]) > 1]


def _held_out(recogniser: CachedRecogniser, trained: Trained, *, progress: Progress) -> _HeldOut:
    """Closes the recogniser."""
    rows = trained.rows("val")
    try:
        answers = list(progress.track(trained.answers("val", recogniser), total=len(rows), what="calibrating"))
        if EXTENDS in trained.spec.recipe:
            return _HeldOut(answers)
        chosen = [(rows[at], answers[at]) for at in evenly(rows, MOST_PHOTOS)]
        scaled = []
        for pixels in TARGETS:
            small = [(row, one) for row, said in chosen if (one := scaled_down(row, said, pixels)) is not None]
            seen = recogniser.stream(photo for _, photo in small)
            scaled.append([(row, said) for (row, _), said in zip(small, seen, strict=True)])
        return _HeldOut(answers, scaled)
    finally:
        recogniser.close()


def code_version() -> str:
    """The commit of this code; "" outside a git checkout."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(Path(__file__).parent), "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own arguments
    return done.stdout.strip() if done.returncode == 0 else ""


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value
