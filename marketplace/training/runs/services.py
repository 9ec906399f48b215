"""From decisions and manifests to a challenger that is compared, registered and, if it is better, serves."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from classifier.artefact import artefact_open
from classifier.training.data.clean import USABLE, Cleaned
from classifier.training.data.labels import of_makes
from classifier.training.data.manifest import ManifestRow, manifest_write
from classifier.training.data.merges import Renamed
from classifier.training.data.seen_photos import SeenPhotos, seen_photos_of
from classifier.training.data.split import settled
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe, recipe_load, recipe_override
from classifier.training.request import TrainingContext, TrainingRequest
from marketplace.accounts.models import User
from marketplace.photos.taxonomy import CatalogueNames
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import champion_lock, version_promote, version_register
from marketplace.training.labels.decisions import SOURCE, decision_rows, decisions_write, unknown_makes
from marketplace.training.labels.suspects import suspects_report
from marketplace.training.models import TrainingRun
from marketplace.training.promotion.fitness import latency_measure, parity_measure
from marketplace.training.promotion.gates import Gate, gates_check
from marketplace.training.promotion.known_cars import cars_forgotten, cars_only_in
from marketplace.training.promotion.scoring import VersionScores, cars_named, paired, rows_to_score, version_score
from marketplace.training.recogniser import evaluation_recogniser_open
from marketplace.training.runs.progress import RunProgress
from marketplace.training.runs.records import (
    run_cleaned,
    run_end,
    run_interrupted,
    run_start,
    start_ready,
    training_lock,
)
from marketplace.training.runs.rows import Collected, RetrainRefused, rows_clean, rows_collect

if TYPE_CHECKING:
    from classifier.training.train import TrainResult
    from marketplace.training.runs.report import RunReport

log = structlog.get_logger(__name__)

Promote = Literal["auto", "never"]
Suspects = Literal["report", "queue"]


@dataclass(frozen=True)
class LabelsExport:
    """What was written."""

    manifest: Path
    photos: int
    vehicles: int


@dataclass(frozen=True)
class Retrained:
    """What became of a run."""

    run: TrainingRun
    version: ModelVersion
    champion: ModelVersion | None
    gates: list[Gate]
    report: Path

    @property
    def passed(self) -> bool:
        """Whether all gates were passed."""
        return all(gate.passed for gate in self.gates)


def labels_export(*, path: Path) -> LabelsExport:
    """Write what people decided as a manifest, the photos where they are. Raises RetrainRefused or ManifestError."""
    rows = decision_rows()
    if not rows:
        raise RetrainRefused("No person has confirmed or corrected a listing with photos from outside yet.")
    # Reading puts the folder's name in front again.
    written = [replace(row, vehicle=row.vehicle.removeprefix(f"{SOURCE}/")) for row in rows]
    manifest_write(path, written)
    return LabelsExport(manifest=path, photos=len(rows), vehicles=len({row.vehicle for row in rows}))


def retrain(
    *,
    manifests: Sequence[Path],
    recipe: str,
    epochs: int | None,
    max_minutes: float | None,
    resume: bool,
    promote: Promote,
    by: User | None,
    progress: Progress,
    new_makes: bool = False,
    values: Sequence[str] = (),
    merges: Sequence[Path] = (),
    decisions: bool = True,
    usable: float = USABLE,
    external: Path | None = None,
    suspects: Suspects | None = None,
) -> Retrained:
    """Train a challenger on all decisions and these manifests, compare it with the champion, let it serve if better.

    merges: tables of classes that become one, see classifier.training.data.merges.
    usable: see clean; 0 = take every photo.
    Makes that the catalogue does not know are refused unless ``new_makes``: most are misspelt, and nobody could choose
    them in a form. ``values``: "KEY=VALUE" in place of the recipe's own. external: a folder of pictures that the report
    shows with the answers of both. ``suspects``: labels that are probably wrong are listed in the run's folder before
    the training, and with "queue" put before the moderators; it is trained on them all the same. One run at a time.
    Whatever goes wrong leaves registry and champion as they were and is kept in the run's row. Raises RetrainRefused,
    ManifestError, RecipeError, TrainError, ArtefactError, EngineError, ReportError or OSError, each with one line.
    """
    plan = recipe_override(recipe_load(recipe), values)
    report = _report(external)
    champion = champion_get()
    asked_at = timezone.now()
    asked = {**plan.as_dict(), "epochs": epochs or plan.epochs, "max_minutes": max_minutes or plan.max_minutes}
    if resume and (interrupted := run_interrupted(asked)):
        asked_at = interrupted.decided_before or asked_at
        progress.say(f"Going on with {interrupted}: decisions until {asked_at:%Y-%m-%d %H:%M} UTC count, as there")
    collected = rows_collect(
        manifests=manifests, merges=merges, decisions=decisions, champion=champion, progress=progress, before=asked_at
    )
    strange = {} if new_makes else unknown_makes(rows=collected.rows)
    if strange:
        named = ", ".join(f"{make} ({photos} photos)" for make, photos in list(strange.items())[:5])
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        raise RetrainRefused(f"The catalogue does not know {named}{more}. Add them there, or allow them: --new-makes.")
    with training_lock():
        run = run_start(values=asked, rows=collected.rows, champion=champion, by=by, decided_before=asked_at)
        progress = RunProgress(progress, run)
        try:
            start_ready(plan=plan, progress=progress)
            cleaned = rows_clean(
                collected=collected, champion=champion, plan=plan, usable=usable,
                folder=Path(settings.RUNS_DIR) / str(run.pk), progress=progress,
            )  # fmt: skip
            run_cleaned(run=run, cleaned=cleaned)
            report.stages = run.stages
            return _run(
                run=run, cleaned=cleaned, plan=plan, champion=champion, epochs=epochs, max_minutes=max_minutes,
                resume=resume, promote=promote, by=by, progress=progress, report=report, asked_at=asked_at,
                collected=collected, suspects=suspects,
            )  # fmt: skip
        except BaseException as error:  # an interruption, too, has to end the row
            run_end(run=run, status=TrainingRun.Status.FAILED, error=str(error) or type(error).__name__)
            raise


def _run(
    *,
    run: TrainingRun,
    cleaned: Cleaned,
    plan: Recipe,
    champion: ModelVersion | None,
    epochs: int | None,
    max_minutes: float | None,
    resume: bool,
    promote: Promote,
    by: User | None,
    progress: Progress,
    report: "RunReport",
    asked_at: datetime,
    collected: Collected,
    suspects: Suspects | None,
) -> Retrained:
    rows = cleaned.rows
    folder = Path(settings.RUNS_DIR) / str(run.pk)
    folder.mkdir(parents=True, exist_ok=True)
    manifest_write(folder / "manifest.csv", map(settled, rows))  # read back, cars have this folder's name in their ids
    decisions_write(path=folder / "decisions.csv", rows=rows, before=asked_at)
    collected.reviewed.write(folder / "reviews.json")
    if suspects:
        suspects_report(rows=rows, champion=champion, folder=folder, queue=suspects == "queue", progress=progress)
    result = _train(
        rows=rows, seen_photos=seen_photos_of(rows, cleaned.looks), plan=plan, champion=champion, resume=resume,
        max_minutes=max_minutes, epochs=epochs, progress=progress,
    )  # fmt: skip
    version = version_register(folder=result.artefact.folder)
    run.version = version  # at once: whatever ends the run from here on, the version leads to what taught it
    run.save(update_fields=["version"])
    gates, metrics = _compare(
        rows=rows, version=version, champion=champion, progress=progress, report=report, merged=collected.merged
    )
    report.draw(run=run, version=version, champion=champion, metrics=metrics)
    page = folder / "report.html"
    with report.only_if_done(page), transaction.atomic():
        serving = champion_lock()
        if serving != champion:  # somebody promoted or rolled back while this was trained
            text = f"{serving} serves meanwhile, with which this was not compared"
            gates.append(Gate("same_champion", 0, 1, passed=False, text=text))
        promoted = promote == "auto" and all(gate.passed for gate in gates) and version != champion
        # Before anything is promoted: a disk that is full ends the run here, and the champion stays.
        (folder / "gates.json").write_text(
            json.dumps({"gates": [gate.as_dict() for gate in gates], **metrics}, indent=1) + "\n", encoding="utf-8"
        )
        report.save(
            path=page, gates=gates, promoted=promoted, asked=promote == "auto",
            title=f"Run {run.pk}: {version}", rival=str(champion) if champion and champion != version else "",
        )  # fmt: skip
        if promoted:
            version_promote(version=version.version, by=by, reason=f"run {run.pk}: all gates passed")
        run_end(
            run=run, status=TrainingRun.Status.DONE, version=version, promoted=promoted, report=str(page),
            gates=[gate.as_dict() for gate in gates], metrics=metrics, curve=result.metrics.get("history", []),
        )  # fmt: skip
    result.checkpoint.unlink(missing_ok=True)  # as large as three networks, and a training that ended needs none
    version.refresh_from_db()
    return Retrained(run=run, version=version, champion=champion, gates=gates, report=page)


def _train(
    *,
    rows: list[ManifestRow],
    seen_photos: SeenPhotos,
    plan: Recipe,
    champion: ModelVersion | None,
    resume: bool,
    max_minutes: float | None,
    epochs: int | None,
    progress: Progress,
) -> "TrainResult":
    # Only now: it brings torch, which neither the admin nor a command refused for its arguments needs.
    from classifier.training.train import train  # noqa: PLC0415

    artefact = artefact_open(champion.folder) if champion else None
    return train(
        request=TrainingRequest(
            rows=rows, recipe=plan, epochs=epochs, max_minutes=max_minutes, resume=resume, champion=artefact,
            seen_photos=seen_photos,
        ),
        context=TrainingContext(
            # One for all runs: crops and features are kept by content, and the checkpoint to resume lies here.
            work_dir=Path(settings.RUNS_DIR) / "work",
            weights=Path(settings.STARTER_WEIGHTS_DIR),
            progress=progress,
            rename=CatalogueNames(cars_named(rows, artefact.spec.classes if artefact else ())),
        ),
        out=Path(settings.ARTEFACTS_DIR),
        report=False,  # the run's own says all of it and more
    )  # fmt: skip


def _report(external: Path | None) -> "RunReport":
    # Only now: it brings matplotlib, see _train.
    from marketplace.training.runs.report import RunReport  # noqa: PLC0415

    return RunReport(external=external)


def _compare(
    *,
    rows: list[ManifestRow],
    version: ModelVersion,
    champion: ModelVersion | None,
    progress: Progress,
    report: "RunReport",
    merged: Renamed,
) -> tuple[list[Gate], dict[str, Any]]:
    rival = None if champion == version else champion
    versions = [one for one in (version, rival) if one is not None]
    test = rows_to_score(rows, makes_only=all(of_makes(artefact_open(one.folder).spec.classes) for one in versions))
    progress.say(f"Comparing on {len(test)} photos of held-out cars")
    new = _judge(version, test, progress, report, merged)
    old = _judge(rival, test, progress, report, merged) if rival else None
    side_by_side = paired(rows=test, challenger=new, champion=old) if old else None
    progress.say("Comparing OpenVINO with PyTorch, and timing single photos")
    parity = parity_measure(folder=version.folder, rows=test)
    latency = latency_measure(
        challenger=version.folder, champion=rival.folder if rival else None, rows=test
    )  # fmt: skip
    gates = gates_check(
        challenger=new.metrics,
        champion=old.metrics if old else None,
        paired=side_by_side,
        forgotten=cars_forgotten(champion=rival, challenger=version, merged=merged) if rival else None,
        learned=len(cars_only_in(version, rival)) if rival else 0,
        parity=parity,
        latency=latency,
        budget_ms=settings.RECOGNITION_BUDGET_MS,
    )
    return gates, {
        "challenger": new.metrics,
        "champion": old.metrics if old else None,
        "evaluation": new.evaluation,
        "classes": [asdict(one) for one in side_by_side.classes] if side_by_side else [],
        "parity": parity and parity.as_dict(),
        "latency": latency and latency.as_dict(),
    }


def _judge(
    version: ModelVersion, test: list[ManifestRow], progress: Progress, report: "RunReport", merged: Renamed
) -> VersionScores:
    recogniser = evaluation_recogniser_open(folder=version.folder)
    try:
        scored = version_score(rows=test, recogniser=recogniser, progress=progress, merged=merged)
        report.look(version=version, recogniser=recogniser, scored=scored, progress=progress)
        return scored
    finally:
        recogniser.close()
