from pathlib import Path
from typing import Any, ClassVar, get_args

from django.conf import settings
from django.core.management.base import CommandParser

from classifier.training.data.manifest import SPLITS
from classifier.training.errors import TrainError
from classifier.training.progress import Progress
from marketplace.commands import InputRefused, Outcome, ServiceCommand
from marketplace.registry.selectors import champion_get
from marketplace.training.labels.suspects import (
    ASKED_MOST,
    COLUMNS,
    Backbone,
    suspect_cells,
    suspect_line,
    suspects_find,
    suspects_queue,
    suspects_write,
)
from marketplace.training.runs.request import PhotoSelection
from marketplace.training.runs.rows import rows_collect

SHOWN = 10


class Command(ServiceCommand):
    help = "Rank labelled photos by how likely their label is wrong, and put the worst before the moderators."
    refusals: ClassVar[tuple[type[Exception], ...]] = (TrainError,)

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--manifest", action="append", type=Path, default=[], metavar="M", help="labelled photos; may be repeated"
        )
        parser.add_argument(
            "--top",
            type=int,
            metavar="N",
            help=f"how many to show and queue; default: the likely errors, {ASKED_MOST} at most",
        )
        parser.add_argument("--queue", action="store_true", help="put them before the moderators: /moderate/labels/")
        parser.add_argument(
            "--side", action="append", choices=SPLITS, help="of the split; may be repeated; default: train"
        )
        parser.add_argument(
            "--eye",
            dest="backbone",
            choices=get_args(Backbone),
            default="champion",
            help="whose backbone looks; imagenet: where the champion was trained on these very labels",
        )
        parser.add_argument(
            "-o", "--output", type=Path, metavar="CSV", help="the whole ranking; default: suspects.csv in var/"
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        top: int | None = options["top"]
        if top is not None and top < 1:
            raise InputRefused(f"--top must be 1 or more, it is {top}.")
        champion = champion_get()
        photos = PhotoSelection(manifests=options["manifest"])
        rows = rows_collect(photos=photos, champion=champion, progress=progress).rows
        ranking = suspects_find(
            rows=rows,
            champion=champion,
            progress=progress,
            splits=options["side"] or ("train",),
            backbone=options["backbone"],
        )
        path = options["output"] or Path(settings.VAR_DIR) / "suspects.csv"
        suspects_write(path=path, suspects=ranking.suspects)
        queued = suspects_queue(ranking=ranking, top=top) if options["queue"] else None
        shown = ranking.suspects[:top] if top is not None else ranking.issues[:ASKED_MOST]
        document = {
            "photos": len(ranking.suspects),
            "not_judged": ranking.not_ranked,
            "issues": len(ranking.issues),
            "queued": queued,
            "ranked_by": ranking.by,
            "csv": str(path),
            "suspects": [dict(zip(COLUMNS, suspect_cells(one), strict=True)) for one in shown],
        }
        lines = [*map(suspect_line, shown[:SHOWN]), f"{ranking.text}: {path}"]
        if queued is not None:
            lines.append(f"{queued} labels wait for a moderator at /moderate/labels/")
        return Outcome(document, "\n".join(lines))
