"""The labelled photos of a training: collected from decisions and manifests, merged and cleaned."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.conf import settings

from classifier.artefact import Artefact, TrainedClass, artefact_only, artefact_open
from classifier.durable import file_write, text_beside
from classifier.training.data.cleaning.clean import Cleaned, NothingToTrainError, clean
from classifier.training.data.cleaning.merges import Renamed, merge_apply, merge_names, merge_read
from classifier.training.data.cleaning.photo_facts import FactsCache, LazyAttributeClassifier, attribute_classifier_lazy
from classifier.training.data.cleaning.seen_photos import SeenByVersion, seen_photos_read
from classifier.training.data.labels import contradicts
from classifier.training.data.manifest import ManifestRow, manifest_read
from classifier.training.data.stages import LeftOut, Stage, counted
from classifier.training.data.tables import formula_safe
from classifier.training.model.initial_weights import partner_of, start_of
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe
from marketplace.refusals import Refused
from marketplace.registry.models import ModelVersion
from marketplace.training.labels.decisions import decision_rows, row_label, unknown_makes
from marketplace.training.labels.donations import donation_rows
from marketplace.training.labels.reviews import Reviewed, labels_reviewed
from marketplace.training.runs.request import PhotoSelection

STAGES_FILE, LEFT_OUT_FILE = "cleaning.json", "left-out.csv"
MAKES_NAMED = 5


class RetrainRefused(Refused):
    """A training cannot start; the message is one clear line for the operator."""


@dataclass(frozen=True)
class Collected:
    """Labelled photos before they are cleaned."""

    rows: list[ManifestRow]
    stages: list[Stage]
    """What manifests that contradict each other, moderators' answers and merge tables changed."""
    reviewed: Reviewed
    merged: Renamed
    """(make, model) → what the merge tables call it."""


def rows_collect(
    *, photos: PhotoSelection, champion: ModelVersion | None, progress: Progress, before: datetime | None = None
) -> Collected:
    """Decisions and manifests as rows, each photo once.

    Of two labels for one photo a person's decision counts before a manifest's, and an earlier
    manifest's before a later one's. Moderators' answers about labels are applied before the merge
    tables. before: decisions and answers made later do not count. Raises RetrainRefused,
    ManifestError or MergeError.
    """
    table = merge_read(photos.merges)
    classes = artefact_open(champion.folder).spec.classes if champion else ()
    decided = (
        [*decision_rows(classes=classes, before=before), *donation_rows(before=before)] if photos.decisions else []
    )
    rows, contradicted = _each_photo_once(decided, photos.manifests)
    if not rows:
        why = "no decisions yet" if photos.decisions else "decisions are refused"
        raise RetrainRefused(f"There is nothing to learn from: {why}. Name a manifest with --manifest.")
    stages = [_named_twice(rows, contradicted)] if contradicted else []
    reviewed = labels_reviewed(rows=rows, classes=classes, before=before)
    found = reviewed.rows
    if reviewed.text:
        stages.append(Stage("reviewed labels", before=len(rows), after=len(found), words=reviewed.text))
    if photos.merges:
        found, stage = merge_apply(found, table)
        stages.append(stage)
    for stage in stages:
        progress.say(f"{stage.name}: {stage.words}")
    return Collected(found, stages, reviewed, merge_names(table))


def _each_photo_once(
    decided: Iterable[ManifestRow], manifests: Iterable[Path]
) -> tuple[list[ManifestRow], list[LeftOut]]:
    """The first row of each photo, and the later ones that contradict it."""
    rows = {row.path.resolve(): row for row in decided}
    contradicted: list[LeftOut] = []
    for manifest in manifests:
        for row in manifest_read(manifest):
            first = rows.setdefault(row.path.resolve(), row)
            if contradicts(first, row):
                reason = f"{manifest} says {_named(row)}, {_named(first)} counts"
                contradicted.append(LeftOut(str(row.path), reason))
    return list(rows.values()), contradicted


def _named(row: ManifestRow) -> str:
    return row_label(row) or "no car"


def _named_twice(rows: Sequence[ManifestRow], contradicted: Sequence[LeftOut]) -> Stage:
    words = f"{counted(len(contradicted), 'photo')} named again, as another car: what was said first counts"
    return Stage("named twice", len(rows) + len(contradicted), len(rows), words, tuple(contradicted))


def makes_check(rows: Sequence[ManifestRow]) -> None:
    """Refuse makes that the catalogue does not have. Raises RetrainRefused."""
    unknown = unknown_makes(rows=rows)
    if not unknown:
        return
    named = ", ".join(f"{make} ({photos} photos)" for make, photos in list(unknown.items())[:MAKES_NAMED])
    more = f" and {len(unknown) - MAKES_NAMED} more" if len(unknown) > MAKES_NAMED else ""
    raise RetrainRefused(f"The catalogue does not know {named}{more}. Add them there, or allow them: --new-makes.")


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
    """Clean the rows and write what was done into `folder`: cleaning.json and left-out.csv.

    usable: see PhotoSelection. compared: whether the champion will be scored on the test side, too.
    If nothing is left to train on, the files are written all the same: they say why. Raises
    TrainError, EngineError, ArtefactError or OSError.
    """
    facts = FactsCache(Path(settings.RUNS_DIR) / "work", attributes=attribute_classifier() if usable else None)
    try:
        cleaned = clean(
            collected.rows, facts=facts, recipe=plan, progress=progress, usable=usable, known=_known(plan, champion),
            seen_by=_seen_by(plan, champion, compared=compared),
        )  # fmt: skip
    except NothingToTrainError as error:
        stages_write(folder, [*collected.stages, *error.stages])
        raise
    stages = [*collected.stages, *cleaned.stages]
    stages_write(folder, stages)
    return replace(cleaned, stages=stages)


def _known(plan: Recipe, champion: ModelVersion | None) -> tuple[TrainedClass, ...]:
    """The classes of the model that the recipe extends; none if the recipe starts anew."""
    if plan.start != "champion":
        return ()
    base = _start(plan, champion)
    return base.spec.classes if base else ()


def _seen_by(plan: Recipe, champion: ModelVersion | None, *, compared: bool) -> list[SeenByVersion]:
    """What every version has seen that the new one starts from, contains or is compared with."""
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
    """The photo attribute classifier that comes with the program."""
    artefact = artefact_only(Path(settings.STARTER_WEIGHTS_DIR) / "usable")
    return attribute_classifier_lazy(artefact, cache_dir=Path(settings.ENGINE_CACHE_DIR))


def stages_write(folder: Path, stages: Sequence[Stage]) -> None:
    """Write the stages as JSON, and as CSV every photo left out with its stage and reason.

    Each file is written whole or not at all. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"stages": [stage.as_dict() for stage in stages]}, indent=1, ensure_ascii=False)
    file_write(folder / STAGES_FILE, f"{content}\n".encode(errors="backslashreplace"))
    with text_beside(folder / LEFT_OUT_FILE, newline="", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "stage", "reason"])
        rows = ([one.file, stage.name, one.reason] for stage in stages for one in stage.left_out)
        writer.writerows(map(formula_safe, row) for row in rows)
