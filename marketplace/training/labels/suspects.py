"""Labels that are probably wrong: ranked, listed in a table, and put to the moderators.

No photo is removed for being suspect.
"""

import csv
import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from django.conf import settings

from classifier.artefact import artefact_only, artefact_open
from classifier.durable import text_beside
from classifier.preprocess import decode
from classifier.training.data.manifest import ManifestRow, Split
from classifier.training.data.tables import formula_safe
from classifier.training.errors import TrainError
from classifier.training.progress import Progress
from marketplace.moderation.labels.doubts import Doubt, label_ask
from marketplace.photos.models import Photo
from marketplace.registry.models import ModelVersion
from marketplace.training.labels.decisions import SOURCE, photo_file, row_label

if TYPE_CHECKING:
    from classifier.training.evaluation.label_errors import Ranking, Suspect

Backbone = Literal["champion", "imagenet"]
ASKED_MOST = 200
"""Nobody answers more at once, and the next ranking, on better labels, finds the rest."""
PICTURE_SIDE = 480
"""The longer side, in pixels, of the picture that the moderator sees."""
LONGEST_NAME, LONGEST_YEAR, LONGEST_PATH = 200, 40, 1000
"""How many letters of a manifest's texts LabelReview stores."""
COLUMNS = (
    "rank", "score", "issue", "source", "file", "vehicle", "make", "model", "year", "probability",
    "suggested_make", "suggested_model", "suggested_year", "suggested_probability", "sha256",
)  # fmt: skip


def suspects_find(
    *,
    rows: Sequence[ManifestRow],
    champion: ModelVersion | None,
    progress: Progress,
    splits: Sequence[Split] = ("train",),
    backbone: Backbone = "champion",
) -> "Ranking":
    """Rank the photos that a training would use by how likely their label is wrong.

    backbone: whose features of the photos are compared. "champion": the champion's, or the
    starter's on a site without one. "imagenet": those of a network trained on ImageNet only, for
    photos that the champion was itself trained on with the labels in doubt. Features are cached
    where `retrain` caches its own. Raises TrainError, ArtefactError, EngineError.
    """
    # Imported here: it loads torch and scikit-learn, which refusing bad arguments does not need.
    from classifier.training.evaluation.label_errors import suspects_rank  # noqa: PLC0415

    work = Path(settings.RUNS_DIR) / "work"
    work.mkdir(parents=True, exist_ok=True)
    weights = Path(settings.STARTER_WEIGHTS_DIR)
    base = None
    if backbone == "champion":
        base = artefact_open(champion.folder) if champion else artefact_only(weights / "classifier")
    return suspects_rank(
        rows=rows,
        weights=weights,
        base=base,
        work_dir=work,
        progress=progress,
        splits=splits,
        engine_cache=Path(settings.ENGINE_CACHE_DIR),
    )


def suspect_cells(one: "Suspect") -> list[str | int | float]:
    """A suspect as a row of COLUMNS."""
    row = one.row
    best = one.others[0] if one.others else None
    instead = (best.make, best.model, best.years, round(best.confidence, 4)) if best else ("", "", "", 0.0)
    return [
        one.rank, round(one.score, 6), int(one.issue), row.source, row.file, row.vehicle, row.make, row.model, row.year,
        round(one.stated, 4), *instead, one.sha256,
    ]  # fmt: skip


def suspect_line(one: "Suspect") -> str:
    """A suspect as a line of text."""
    row = one.row
    instead = "; ".join(
        f"{' '.join(part for part in (other.make, other.model, other.years) if part)} {other.confidence:.0%}"
        for other in one.others[:2]
    )
    return f"{one.rank:5d}. {row.source}/{row.file}: {row_label(row)} {one.stated:.0%}; rather {instead}"


def suspects_write(*, path: Path, suspects: "Sequence[Suspect]") -> None:
    """Write the ranking as a CSV table, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with text_beside(path, newline="", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([formula_safe(cell) for cell in suspect_cells(one)] for one in suspects)


def suspects_queue(*, ranking: "Ranking", top: int | None = None) -> int:
    """Put the most suspect labels to the moderators; returns how many of them wait there now.

    top: how many; None = those that cleanlab takes for wrong, at most ASKED_MOST. Labels that
    moderators have answered already are passed over, and the next ones take their place. Raises
    OSError and UnreadablePhotoError.
    """
    chosen = ranking.suspects if top is not None else ranking.issues
    photos = _photos_of([one.row for one in chosen])
    asked = (one for one in chosen if _ask(one, photo=photos.get(one.row.path.name), by=ranking.by))
    return sum(1 for _ in islice(asked, top if top is not None else ASKED_MOST))


def _ask(one: "Suspect", *, photo: Photo | None, by: str) -> bool:
    row = one.row
    return label_ask(
        doubt=Doubt(
            sha256=one.sha256,
            size=row.path.stat().st_size,
            source=row.source[:LONGEST_NAME],
            file=row.file[-LONGEST_PATH:],
            make=row.make[:LONGEST_NAME],
            model=row.model[:LONGEST_NAME],
            year=row.year[:LONGEST_YEAR],
            score=one.score,
            stated=one.stated,
            suggestions=[
                {"make": other.make, "model": other.model, "years": other.years, "confidence": other.confidence}
                for other in one.others
            ],
            ranked_by=by,
            photo=photo if row.source == SOURCE else None,
        ),
        picture=lambda: _picture(row.path),
    )


def _photos_of(rows: Sequence[ManifestRow]) -> dict[str, Photo]:
    """The listings' photos among the rows, by the name of their file."""
    names = [photo_file(row) for row in rows if row.source == SOURCE]
    found = Photo.objects.filter(file__in=names).select_related("listing")
    return {PurePosixPath(str(photo.file.name)).name: photo for photo in found}


def _picture(path: Path) -> bytes:
    """The photo as a small JPEG without metadata."""
    image = decode(path, min_side=PICTURE_SIDE).image
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def suspects_report(
    *, rows: Sequence[ManifestRow], champion: ModelVersion | None, folder: Path, queue: bool, progress: Progress
) -> None:
    """Write a run's ranking into its folder; with `queue` also put the worst to the moderators."""
    try:
        ranking = suspects_find(rows=rows, champion=champion, progress=progress)
    except TrainError as error:  # too few photos to rank may still be enough to extend a model
        progress.say(f"No suspect labels: {error}")
        return
    path = folder / "suspects.csv"
    suspects_write(path=path, suspects=ranking.suspects)
    progress.say(f"{ranking.text}: {path}")
    if queue:
        progress.say(f"{suspects_queue(ranking=ranking)} labels wait for a moderator at /moderate/labels/")
