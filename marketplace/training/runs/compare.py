"""A run's comparison: challenger and champion on the same held-out photos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from classifier.artefact import Artefact, artefact_open
from classifier.training.data.cleaning.clean import Cleaned
from classifier.training.data.cleaning.merges import Renamed
from classifier.training.data.labels import of_makes
from classifier.training.data.manifest import SPLITS, ManifestRow
from classifier.training.data.memory.meeting import meet
from classifier.training.data.memory.remembered import Memory, memory_read, photo_digest
from classifier.training.errors import TrainError
from marketplace.registry.models import ModelVersion
from marketplace.training.promotion.evidence import needed_by
from marketplace.training.promotion.fitness import latency_measure, parity_measure
from marketplace.training.promotion.known_cars import cars_forgotten, cars_only_in
from marketplace.training.promotion.measurements import Measurements, NewLabels
from marketplace.training.promotion.scoring import (
    CatalogueKeys,
    VersionScores,
    by_make,
    cars_named,
    paired,
    rows_to_score,
    version_score,
)
from marketplace.training.recogniser import evaluation_recogniser_open
from marketplace.training.runs.context import RunContext

if TYPE_CHECKING:
    from classifier.recognition import Recognition
    from classifier.training.evaluation.cached_recogniser import CachedRecogniser


FEWEST_LABELS = 20
"""Fewer new labels say nothing of how many are wrong."""


@dataclass(frozen=True)
class TestPhotos:
    """What both versions are asked about."""

    __test__ = False  # no class of tests

    remembered: Memory | None
    """The champion's own test photos; None if the challenger has another extractor, or nothing is
    remembered."""
    at_hand: Sequence[ManifestRow]
    """The run's test photos that are not remembered."""

    @property
    def rows(self) -> list[ManifestRow]:
        """All of them, the remembered ones first."""
        return [*(self.remembered.rows if self.remembered else ()), *self.at_hand]

    def answers(self, recogniser: "CachedRecogniser") -> "Iterator[Recognition]":
        """What a version says of the rows, in their order."""
        if self.remembered is not None:
            yield from recogniser.answers(self.remembered.sights())
        yield from recogniser.stream([row.path for row in self.at_hand])


def versions_compare(
    *, run: RunContext, version: ModelVersion, cleaned: Cleaned, merged: Renamed
) -> Measurements:  # fmt: skip
    """Score the challenger, and the champion if there is another one.

    They are asked about the test side of the run's photos, and about the champion's own test
    photos, which it remembers, if both have the same extractor. merged: what the run's merge tables
    call a car. Raises ArtefactError or EngineError.
    """
    rival = run.rival(version)
    challenger = artefact_open(version.folder)
    champion = artefact_open(rival.folder) if rival else None
    artefacts = [one for one in (challenger, champion) if one is not None]
    makes_only = all(of_makes(one.spec.classes) for one in artefacts)
    memory = memory_read(champion) if champion else None
    photos = _test_photos(cleaned, memory, challenger, makes_only=makes_only)
    run.progress.say(_words(photos))
    new = _score(run, version, photos, merged)
    old = _score(run, rival, photos, merged) if rival else None
    pair = None
    if rival is not None and champion is not None and old is not None:
        keys = CatalogueKeys(cars_named(photos.rows, champion.spec.classes), merged)
        pair = paired(
            challenger=new, champion=old, learned=len(cars_only_in(version, rival)),
            needed=needed_by(champion, photos.remembered, keys, by_make=by_make(new, old)),
        )  # fmt: skip
    labels = _new_labels(run, cleaned, champion) if champion and photos.remembered else None
    run.progress.say("Comparing OpenVINO with PyTorch, and timing single photos")
    tried = photos.at_hand or cleaned.rows  # engines and their speed can be tried on any photo
    return Measurements(
        challenger=new.metrics,
        champion=old.metrics if old else None,
        paired=pair,
        forgotten=cars_forgotten(champion=rival, challenger=version, merged=merged) if rival else None,
        labels=labels,
        parity=parity_measure(folder=version.folder, rows=tried),
        latency=latency_measure(challenger=version.folder, champion=rival.folder if rival else None, rows=tried),
        evaluation=new.evaluation,
    )


def _test_photos(cleaned: Cleaned, memory: Memory | None, challenger: Artefact, *, makes_only: bool) -> TestPhotos:
    test = rows_to_score(cleaned.rows, makes_only=makes_only)
    its = memory_read(challenger)
    if memory is None or its is None or memory.extractor != its.extractor:
        return TestPhotos(None, test)
    remembered = memory.of("test")
    known = {one.digest for one in remembered.photos}
    digests = {row.path: digest for row, digest in zip(cleaned.rows, cleaned.digests, strict=True)}
    return TestPhotos(remembered, [row for row in test if photo_digest(digests[row.path]) not in known])


def _new_labels(run: RunContext, cleaned: Cleaned, champion: Artefact) -> NewLabels | None:
    """Whether labels that the champion does not remember fit what their photos show."""
    # Imported here: it loads scikit-learn, which refusing bad arguments does not need.
    from classifier.training.evaluation.label_errors import suspects_rank  # noqa: PLC0415

    memory = memory_read(champion)
    met = meet(memory, cleaned.rows, cleaned.digests) if memory else None
    if met is None or len(met.rows) < FEWEST_LABELS:
        return None
    try:
        ranking = suspects_rank(
            rows=met.rows, weights=Path(settings.STARTER_WEIGHTS_DIR), base=champion,
            work_dir=Path(settings.RUNS_DIR) / "work", progress=run.progress, splits=SPLITS,
            engine_cache=Path(settings.ENGINE_CACHE_DIR),
        )  # fmt: skip
    except TrainError as error:  # too few photos of any car
        run.progress.say(f"New labels are not judged: {error}")
        return None
    return NewLabels(judged=len(ranking.suspects), contradicted=len(ranking.contradicted))


def _words(photos: TestPhotos) -> str:
    of_them = f", {len(photos.remembered.photos)} of them remembered by the champion" if photos.remembered else ""
    return f"Comparing on {len(photos.rows)} photos of held-out cars{of_them}"


def _score(run: RunContext, version: ModelVersion, photos: TestPhotos, merged: Renamed) -> VersionScores:
    """Score one version; while its recogniser is open, the report collects what it shows."""
    recogniser = evaluation_recogniser_open(folder=version.folder)
    try:
        scored = version_score(
            rows=photos.rows, recogniser=recogniser, progress=run.progress, merged=merged,
            answers=photos.answers(recogniser),
        )  # fmt: skip
        run.report.add(version=version, recogniser=recogniser, scored=scored, progress=run.progress)
        return scored
    finally:
        recogniser.close()
