"""The photos of a training in one place: what people decided and manifests, merged by tables, cleaned, written down."""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings

from classifier.artefact import Artefact, TrainedClass, artefact_only, artefact_open
from classifier.training.data.clean import Cleaned, NothingToTrainError, clean
from classifier.training.data.labels import class_key
from classifier.training.data.manifest import ManifestRow, manifest_read
from classifier.training.data.merges import Renamed, merge_apply, merge_names, merge_read
from classifier.training.data.photo_facts import FactsCache, LazyAttributeClassifier, attribute_classifier_lazy
from classifier.training.data.seen_photos import SeenByVersion, seen_photos_read
from classifier.training.data.stages import LeftOut, Stage, counted
from classifier.training.model.initial_weights import partner_of, start_of
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe
from marketplace.refusals import Refused
from marketplace.registry.models import ModelVersion
from marketplace.training.labels.decisions import decision_rows
from marketplace.training.labels.reviews import Reviewed, labels_reviewed

STAGES_FILE, LEFT_OUT_FILE = "cleaning.json", "left-out.csv"


class RetrainRefused(Refused):
    """Training cannot start; the message is one clear line for the operator."""


@dataclass(frozen=True)
class Collected:
    """Labelled photos as they came in."""

    rows: list[ManifestRow]
    stages: list[Stage]
    """What moderators' answers about labels and merge tables did; none without any."""
    reviewed: Reviewed
    merged: Renamed
    """What the merge tables call a (make, model)."""


def rows_collect(
    *,
    manifests: Sequence[Path],
    champion: ModelVersion | None,
    progress: Progress,
    merges: Sequence[Path] = (),
    decisions: bool = True,
    before: datetime | None = None,
) -> Collected:
    """Decisions (unless refused) and manifests, each photo once; a person's decision goes before what a manifest says,
    and a manifest before those named after it.

    Labels that moderators reviewed are put right before any table merges them. before: what people said later does not
    count.
    Raises RetrainRefused, ManifestError or MergeError.
    """
    table = merge_read(merges)
    classes = artefact_open(champion.folder).spec.classes if champion else ()
    rows = {row.path.resolve(): row for row in decision_rows(classes=classes, before=before)} if decisions else {}
    otherwise: list[LeftOut] = []
    for manifest in manifests:
        for row in manifest_read(manifest):
            first = rows.setdefault(row.path.resolve(), row)
            if _contradict(first, row):
                otherwise.append(LeftOut(str(row.path), f"{manifest} says {_named(row)}, {_named(first)} counts"))
    if not rows:
        why = "no decisions yet" if decisions else "decisions are refused"
        raise RetrainRefused(f"There is nothing to learn from: {why}. Name a manifest with --manifest.")
    reviewed = labels_reviewed(rows=list(rows.values()), classes=classes, before=before)
    found, stages = reviewed.rows, []
    if otherwise:
        words = f"{counted(len(otherwise), 'photo')} named again, as another car: what was said first counts"
        stages.append(Stage("named twice", len(rows) + len(otherwise), len(rows), words, tuple(otherwise)))
    if reviewed.text:
        stages.append(Stage("reviewed labels", before=len(rows), after=len(found), words=reviewed.text))
    if merges:
        found, stage = merge_apply(found, table)
        stages.append(stage)
    for stage in stages:
        progress.say(f"{stage.name}: {stage.words}")
    return Collected(found, stages, reviewed, merge_names(table))


def _contradict(one: ManifestRow, other: ManifestRow) -> bool:
    """What only one of them says contradicts nothing."""
    keys = (class_key(row.make, row.model, row.year) for row in (one, other))
    return any(mine and its and mine != its for mine, its in zip(*keys, strict=True))


def _named(row: ManifestRow) -> str:
    return " ".join(filter(None, (row.make, row.model, row.year))) or "no car"


def rows_clean(
    *,
    collected: Collected,
    champion: ModelVersion | None,
    plan: Recipe,
    usable: float,
    folder: Path,
    progress: Progress,
    compared: bool = True,
) -> Cleaned:
    """Clean them, with what was done written into the run's folder: cleaning.json, left-out.csv.

    compared: the champion will be asked about the test side, too.
    The files are written also if nothing is left: they say why. Raises TrainError, EngineError, ArtefactError or
    OSError.
    """
    facts = FactsCache(Path(settings.RUNS_DIR) / "work", attributes=attribute_classifier() if usable else None)
    try:
        cleaned = clean(
            collected.rows, facts=facts, recipe=plan, progress=progress, usable=usable, known=_known(plan, champion),
            seen_by=_pupils(plan, champion, compared=compared),
        )  # fmt: skip
    except NothingToTrainError as error:
        stages_write(folder, [*collected.stages, *error.stages])
        raise
    stages = [*collected.stages, *cleaned.stages]
    stages_write(folder, stages)
    return replace(cleaned, stages=stages)


def _known(plan: Recipe, champion: ModelVersion | None) -> tuple[TrainedClass, ...]:
    """The classes of the model that a recipe extends, none for those that begin anew; see classifier's train."""
    if plan.start != "champion":
        return ()
    base = _start(plan, champion)
    return base.spec.classes if base else ()


def _pupils(plan: Recipe, champion: ModelVersion | None, *, compared: bool) -> list[SeenByVersion]:
    artefact = artefact_open(champion.folder) if champion else None
    starter = Path(settings.STARTER_WEIGHTS_DIR)
    inside = (_start(plan, champion), partner_of(plan, weights=starter, champion=artefact))
    seen_by = {
        one.version: SeenByVersion(one.version, seen_photos_read(one.folder)) for one in inside if one is not None
    }
    if compared and champion and champion.version not in seen_by:
        seen_by[champion.version] = SeenByVersion(champion.version, seen_photos_read(champion.folder), starts=False)
    return list(seen_by.values())


def _start(plan: Recipe, champion: ModelVersion | None) -> Artefact | None:
    artefact = artefact_open(champion.folder) if champion else None
    return start_of(plan, weights=Path(settings.STARTER_WEIGHTS_DIR), champion=artefact)


def attribute_classifier() -> LazyAttributeClassifier:
    """The usable-photo judge that comes with the project."""
    artefact = artefact_only(Path(settings.STARTER_WEIGHTS_DIR) / "usable")
    return attribute_classifier_lazy(artefact, cache_dir=Path(settings.ENGINE_CACHE_DIR))


def stages_write(folder: Path, stages: Sequence[Stage]) -> None:
    """Counts and words as JSON, and every photo left out with its stage and reason as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"stages": [stage.as_dict() for stage in stages]}, indent=1, ensure_ascii=False)
    beside = folder / f".cleaning.{os.getpid()}"
    try:
        beside.write_text(content + "\n", encoding="utf-8", errors="backslashreplace")
        beside.replace(folder / STAGES_FILE)
        with beside.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "stage", "reason"])
            writer.writerows([one.file, stage.name, one.reason] for stage in stages for one in stage.left_out)
        beside.replace(folder / LEFT_OUT_FILE)
    finally:
        beside.unlink(missing_ok=True)
