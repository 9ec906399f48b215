"""A run's comparison: challenger and champion on the same held-out photos."""

from collections.abc import Sequence

from classifier.artefact import artefact_open
from classifier.training.data.cleaning.merges import Renamed
from classifier.training.data.labels import of_makes
from classifier.training.data.manifest import ManifestRow
from marketplace.registry.models import ModelVersion
from marketplace.training.promotion.fitness import latency_measure, parity_measure
from marketplace.training.promotion.gates import Measurements
from marketplace.training.promotion.known_cars import cars_forgotten, cars_only_in
from marketplace.training.promotion.scoring import VersionScores, paired, rows_to_score, version_score
from marketplace.training.recogniser import evaluation_recogniser_open
from marketplace.training.runs.context import RunContext


def versions_compare(
    *, run: RunContext, version: ModelVersion, rows: Sequence[ManifestRow], merged: Renamed
) -> Measurements:
    """Score the challenger, and the champion if there is another one, on the test side of the rows.

    merged: what the run's merge tables call a car. Raises ArtefactError or EngineError.
    """
    rival = run.rival(version)
    versions = [one for one in (version, rival) if one is not None]
    test = rows_to_score(rows, makes_only=all(of_makes(artefact_open(one.folder).spec.classes) for one in versions))
    run.progress.say(f"Comparing on {len(test)} photos of held-out cars")
    new = _score(run, version, test, merged)
    old = _score(run, rival, test, merged) if rival else None
    run.progress.say("Comparing OpenVINO with PyTorch, and timing single photos")
    return Measurements(
        challenger=new.metrics,
        champion=old.metrics if old else None,
        paired=paired(rows=test, challenger=new, champion=old) if old else None,
        forgotten=cars_forgotten(champion=rival, challenger=version, merged=merged) if rival else None,
        learned=len(cars_only_in(version, rival)) if rival else 0,
        parity=parity_measure(folder=version.folder, rows=test),
        latency=latency_measure(challenger=version.folder, champion=rival.folder if rival else None, rows=test),
        evaluation=new.evaluation,
    )


def _score(run: RunContext, version: ModelVersion, test: Sequence[ManifestRow], merged: Renamed) -> VersionScores:
    """Score one version; while its recogniser is open, the report collects what it shows."""
    recogniser = evaluation_recogniser_open(folder=version.folder)
    try:
        scored = version_score(rows=test, recogniser=recogniser, progress=run.progress, merged=merged)
        run.report.add(version=version, recogniser=recogniser, scored=scored, progress=run.progress)
        return scored
    finally:
        recogniser.close()
