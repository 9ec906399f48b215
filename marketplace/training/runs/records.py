"""The database rows of training runs, and the lock that lets one training run at a time."""

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from classifier.training.data.cleaning.clean import Cleaned
from classifier.training.data.manifest import ManifestRow, manifest_sha256
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe
from marketplace.account import account_name
from marketplace.accounts.models import User
from marketplace.refusals import Refused
from marketplace.registry.models import ModelVersion
from marketplace.training.models import TrainingRun
from marketplace.training.runs.rows import RetrainRefused

LOCK = 0x466F7265636F7572  # "Forecour" in letters: of this site's database
BEAT_SECONDS = 10
log = structlog.get_logger(__name__)


class RunClosed(Refused):
    """A run's row was closed by somebody else."""


@contextmanager
def training_lock() -> Iterator[None]:
    """Hold the site's lock of training. Raises RetrainRefused if another process holds it.

    The lock goes when its process ends, even if it is killed. So whoever gets it knows that a row
    that still says "running" belongs to a process that is gone, and closes it.
    """
    with _lock_held() as is_ours:
        if not is_ours:
            running = TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING).first()
            since = f" ({running}, since {running.started_at:%Y-%m-%d %H:%M} UTC)" if running else ""
            raise RetrainRefused(f"Another training is running{since}. Wait for it, or end it first.")
        for dead in TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING):
            run_end(
                run=dead, status=TrainingRun.Status.FAILED, error=f"Its process ({dead.process_id}) ended on the way."
            )
        yield


@contextmanager
def _lock_held() -> Iterator[bool]:
    """The lock on this machine and, through PostgreSQL, on all others; False if somebody has it."""
    runs = Path(settings.RUNS_DIR)
    runs.mkdir(parents=True, exist_ok=True)
    with (runs / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if connection.vendor != "postgresql":
            yield True
            return
        # A connection of its own: PostgreSQL gives the lock back when that ends, and only then.
        own = connection.copy()
        try:
            with own.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                yield bool(cursor.fetchone()[0])
        finally:
            own.close()


def run_interrupted(values: Mapping[str, Any]) -> TrainingRun | None:
    """The last run of this recipe, if it was interrupted and had the same values.

    values: as RunRequest.values gives them. Another time limit makes no difference.
    """
    last = TrainingRun.objects.filter(recipe=values["name"]).first()
    if last is None or last.status == TrainingRun.Status.DONE:
        return None
    asked = json.loads(json.dumps(values))  # as they come back from the database: lists, not tuples
    return last if last.recipe_values | {"max_minutes": 0} == asked | {"max_minutes": 0} else None


def run_start(
    *,
    values: Mapping[str, Any],
    rows: list[ManifestRow],
    champion: ModelVersion | None,
    by: User | None,
    decided_before: datetime,
    order_id: int | None = None,
) -> TrainingRun:  # fmt: skip
    """Enter a run as running.

    values: as RunRequest.values gives them. decided_before: the rows hold no later decisions.
    order_id: of the TrainingOrder that it fulfils. Raises RetrainRefused if another run is running.
    """
    try:
        with transaction.atomic():
            return TrainingRun.objects.create(
                recipe=values["name"],
                recipe_values=values,
                manifest_sha256=manifest_sha256(rows),
                photos=len(rows),
                champion=champion,
                by=by,
                operator="" if by else account_name(),
                process_id=os.getpid(),
                decided_before=decided_before,
                order_id=order_id,
                alive_at=timezone.now(),
            )
    except IntegrityError as error:  # on another machine, whose lock this one cannot see
        raise RetrainRefused("Another training is running on this site.") from error


def start_ready(*, plan: Recipe, progress: Progress) -> None:
    """Check that the weights that the recipe starts from can be had, before any photo is read.

    Raises TrainError or ArtefactError.
    """
    if plan.start == "champion":
        return
    # Imported here: it loads torch, which refusing bad arguments does not need.
    from classifier.training.loop.setup import start_check  # noqa: PLC0415

    if plan.start != "nothing":
        progress.say(f"Starting from the weights of {plan.start} for {plan.backbone}")
    start_check(plan, weights=Path(settings.STARTER_WEIGHTS_DIR))


def run_cleaned(*, run: TrainingRun, cleaned: Cleaned) -> None:
    """Enter the cleaned photos into the row in place of the collected ones."""
    run.photos, run.manifest_sha256 = len(cleaned.rows), manifest_sha256(cleaned.rows)
    run.stages = [stage.as_dict() for stage in cleaned.stages]
    run.save(update_fields=["photos", "manifest_sha256", "stages"])


def run_end(*, run: TrainingRun, status: str, **values: Any) -> None:
    """Close a run's row. values: further fields to set.

    Raises RunClosed if that was done meanwhile, because it gave no sign of life or was cancelled.
    """
    for name, value in values.items():
        setattr(run, name, value)
    run.status, run.finished_at = status, timezone.now()
    ending = {name: getattr(run, name) for name in ("status", "finished_at", *values)}
    # Race: whoever watches the runs may close this one at the same moment. One of both does it.
    if TrainingRun.objects.filter(pk=run.pk, status=TrainingRun.Status.RUNNING).update(**ending) != 1:
        raise RunClosed(f"{run} was ended meanwhile; nothing of it is promoted.")
    log.info("trainingrun_ended", run=run.pk, status=status)


@contextmanager
def run_alive(run: TrainingRun) -> Iterator[None]:
    """Note every ten seconds that this process still works at the run.

    In a thread, because some steps of a training are silent for minutes.
    """
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(run.pk, over), name="run-alive", daemon=True)
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()


def _beat(run_id: int, over: threading.Event) -> None:
    try:
        while not over.wait(BEAT_SECONDS):
            try:
                TrainingRun.objects.filter(pk=run_id).update(alive_at=timezone.now())
            except DatabaseError as error:  # locked or briefly away: the next beat tells
                log.warning("run_beat_not_written", run=run_id, error=str(error))
    finally:
        connection.close()
