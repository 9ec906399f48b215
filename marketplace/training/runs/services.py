"""A training run: collect and clean photos, train a challenger, compare it, promote it, report."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from classifier.artefact import artefact_open
from classifier.training.data.cleaning.clean import Cleaned
from classifier.training.data.cleaning.seen_photos import SeenPhotos, seen_photos_of
from classifier.training.data.manifest import ManifestRow, manifest_write
from classifier.training.data.split import settled
from classifier.training.progress import Progress
from classifier.training.request import TrainingContext, TrainingRequest
from marketplace.accounts.models import User
from marketplace.photos.recognition.taxonomy import CatalogueNames
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import champion_lock, version_promote, version_register
from marketplace.training.labels.decisions import decisions_write
from marketplace.training.labels.suspects import suspects_report
from marketplace.training.models import TrainingRun
from marketplace.training.promotion.gates import Gate, gates_check
from marketplace.training.promotion.measurements import Measurements
from marketplace.training.promotion.scoring import cars_named
from marketplace.training.runs.compare import versions_compare
from marketplace.training.runs.context import RunContext
from marketplace.training.runs.files import run_files_publish
from marketplace.training.runs.progress import RunProgress
from marketplace.training.runs.records import (
    RunClosed,
    run_alive,
    run_cleaned,
    run_end,
    run_interrupted,
    run_start,
    start_ready,
    training_lock,
)
from marketplace.training.runs.request import RunRequest
from marketplace.training.runs.rows import Collected, makes_check, rows_clean, rows_collect

if TYPE_CHECKING:
    from classifier.training.train import TrainResult
    from marketplace.training.runs.report import RunReport


@dataclass(frozen=True)
class Retrained:
    """How a run ended."""

    run: TrainingRun
    version: ModelVersion
    champion: ModelVersion | None
    gates: list[Gate]
    report: Path

    @property
    def passed(self) -> bool:
        """Whether all gates were passed."""
        return all(gate.passed for gate in self.gates)


def retrain(*, request: RunRequest, by: User | None, progress: Progress) -> Retrained:
    """Train a challenger, compare it with the champion, and let it serve if it is better.

    One run at a time. If anything goes wrong, the error is kept in the run's row, and registry and
    champion stay as they were. Raises RetrainRefused, ManifestError, RecipeError, TrainError,
    ArtefactError, EngineError, ReportError or OSError, each with one clear line.
    """
    plan = request.plan()
    report = _report(request.external)
    champion = champion_get()
    values = request.values(plan)
    before = _decisions_until(request, values, progress)
    collected = rows_collect(photos=request.photos, champion=champion, progress=progress, before=before)
    if not request.new_makes:
        makes_check(collected.rows)
    with training_lock():
        row = run_start(
            values=values, rows=collected.rows, champion=champion, by=by, decided_before=before, order_id=request.order
        )  # fmt: skip
        run = RunContext(
            request=request, plan=plan, champion=champion, row=row, by=by, before=before,
            progress=RunProgress(progress, row), report=report,
        )  # fmt: skip
        try:
            with run_alive(row):
                return _run(run, collected)
        except RunClosed:
            raise
        except BaseException as error:  # an interruption, too, must close the row
            run_end(run=row, status=TrainingRun.Status.FAILED, error=str(error) or type(error).__name__)
            raise


def _report(external: Path | None) -> "RunReport":
    # Imported here: it loads matplotlib, which the admin does not need.
    from marketplace.training.runs.report import RunReport  # noqa: PLC0415

    return RunReport(external=external)


def _decisions_until(request: RunRequest, values: dict[str, Any], progress: Progress) -> datetime:
    """Now, or when the run began that is resumed: it goes on with the same photos."""
    now = timezone.now()
    interrupted = run_interrupted(values) if request.resume else None
    if interrupted is None:
        return now
    before = interrupted.decided_before or now
    progress.say(f"Going on with {interrupted}: decisions until {before:%Y-%m-%d %H:%M} UTC count, as there")
    return before


def _run(run: RunContext, collected: Collected) -> Retrained:
    """The steps of a run, once its row is entered."""
    cleaned = _clean(run, collected)
    _photos_keep(run, collected, cleaned.rows)
    trained = _train(run=run, rows=cleaned.rows, seen_photos=seen_photos_of(cleaned.rows, cleaned.looks))
    version = version_register(folder=trained.artefact.folder)
    # At once: if the run fails from here on, the version still leads to its training photos.
    run.row.version = version
    run.row.save(update_fields=["version"])
    measured = versions_compare(run=run, version=version, cleaned=cleaned, merged=collected.merged)
    gates = gates_check(measured=measured, budget_ms=settings.RECOGNITION_BUDGET_MS)
    run.report.draw(run=run.row, version=version, champion=run.champion, metrics=measured.as_dict())
    done = _promote_and_report(run, version, measured, gates, curve=trained.metrics.get("history", []))
    trained.checkpoint.unlink(missing_ok=True)  # as large as three networks, and of no more use
    version.refresh_from_db()
    return done


def _clean(run: RunContext, collected: Collected) -> Cleaned:
    start_ready(plan=run.plan, progress=run.progress)
    cleaned = rows_clean(
        collected=collected, champion=run.champion, plan=run.plan, usable=run.request.photos.usable,
        folder=run.folder, progress=run.progress,
    )  # fmt: skip
    run_cleaned(run=run.row, cleaned=cleaned)
    run.report.stages = run.row.stages
    return cleaned


def _photos_keep(run: RunContext, collected: Collected, rows: list[ManifestRow]) -> None:
    """Write the run's photos and where their labels come from into its folder; list suspects."""
    run.folder.mkdir(parents=True, exist_ok=True)
    # Settled, because a car gets this folder's name in its id when the manifest is read again.
    manifest_write(run.folder / "manifest.csv", map(settled, rows))
    decisions_write(path=run.folder / "decisions.csv", rows=rows, before=run.before)
    collected.reviewed.write(run.folder / "reviews.json")
    if run.request.suspects:
        queue = run.request.suspects == "queue"
        suspects_report(rows=rows, champion=run.champion, folder=run.folder, queue=queue, progress=run.progress)


def _train(*, run: RunContext, rows: list[ManifestRow], seen_photos: SeenPhotos) -> "TrainResult":
    # Imported here: it loads torch, which neither the admin nor refusing bad arguments needs.
    from classifier.training.train import train  # noqa: PLC0415

    champion = artefact_open(run.champion.folder) if run.champion else None
    request = TrainingRequest(
        rows=rows,
        recipe=run.plan,
        epochs=run.request.epochs,
        max_minutes=run.request.max_minutes,
        resume=run.request.resume,
        champion=champion,
        seen_photos=seen_photos,
    )
    context = TrainingContext(
        # Shared by all runs: crops and features are cached by content, and checkpoints lie here.
        work_dir=Path(settings.RUNS_DIR) / "work",
        weights=Path(settings.STARTER_WEIGHTS_DIR),
        progress=run.progress,
        rename=CatalogueNames(cars_named(rows, champion.spec.classes if champion else ())),
        engine_cache=Path(settings.ENGINE_CACHE_DIR),
    )
    out = Path(settings.ARTEFACTS_DIR)
    return train(request=request, context=context, out=out, report=False)  # the run writes its own


def _promote_and_report(
    run: RunContext, version: ModelVersion, measured: Measurements, gates: list[Gate], *, curve: list[dict[str, Any]]
) -> Retrained:
    """Promote the version if it passed all gates; write gates, report and row. All or nothing."""
    asked = run.request.promote == "auto"
    page = run.folder / "report.html"
    with run.report.only_if_done(page), transaction.atomic():
        serving = champion_lock()
        if serving != run.champion:  # promoted or rolled back while this run was training
            text = f"{serving} serves meanwhile, with which this was not compared"
            gates = [*gates, Gate("same_champion", 0, 1, passed=False, text=text)]
        promoted = asked and all(gate.passed for gate in gates) and version != run.champion
        as_dicts = [gate.as_dict() for gate in gates]
        # Files first: if the disk is full the run fails here, and the champion stays.
        (run.folder / "gates.json").write_text(
            json.dumps({"gates": as_dicts, **measured.as_dict()}, indent=1) + "\n", encoding="utf-8"
        )
        run.report.save(
            path=page, gates=gates, promoted=promoted, asked=asked,
            title=f"Run {run.row.pk}: {version}", rival=str(run.rival(version) or ""),
        )  # fmt: skip
        run_files_publish(run_id=run.row.pk, folder=run.folder)
        if promoted:
            version_promote(version=version.version, by=run.by, reason=f"run {run.row.pk}: all gates passed")
        run_end(
            run=run.row, status=TrainingRun.Status.DONE, version=version, promoted=promoted, report=str(page),
            gates=as_dicts, metrics=measured.as_dict(), curve=curve,
        )  # fmt: skip
    return Retrained(run=run.row, version=version, champion=run.champion, gates=gates, report=page)
