from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from classifier.training.data.manifest import SPLITS, manifest_read
from classifier.training.data.split import split_of
from classifier.training.errors import ReportError
from classifier.training.progress import Progress
from marketplace.commands import InputRefused, Outcome, ServiceCommand
from marketplace.training.recogniser import version_folder


class Command(ServiceCommand):
    help = "Measure a model version on a manifest's photos."
    refusals: ClassVar[tuple[type[Exception], ...]] = (ReportError,)

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", type=Path)
        parser.add_argument(
            "--side",
            choices=SPLITS,
            help="only cars on this side of the split; test: never learned from",
        )
        parser.add_argument("--model", metavar="VERSION", help="a version other than the one that serves")
        parser.add_argument("--report", type=Path, metavar="FILE", help="also write a report with pictures, FILE.html")
        parser.add_argument(
            "--external", type=Path, metavar="DIR", help="your own pictures: the report shows them with the answers"
        )

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        if options["report"] and options["report"].suffix.lower() not in (".html", ".htm"):
            raise InputRefused(f"--report {options['report']}: a report is a web page, so its name ends in .html.")
        if options["external"] and not options["report"]:
            raise InputRefused("--external shows your pictures in a report: say where to write it with --report FILE.")
        rows = manifest_read(options["manifest"])
        if options["side"]:
            rows = [row for row in rows if split_of(row) == options["side"]]
            if not rows:
                raise InputRefused(f"None of the photos of {options['manifest']} is on the {options['side']} side.")
        folder = version_folder(version=options["model"])
        # Imported here: it takes seconds to load, and bad arguments are refused before that.
        from marketplace.training.evaluation import version_evaluate  # noqa: PLC0415

        document = version_evaluate(
            rows=rows, folder=folder, progress=progress, report=options["report"], external=options["external"]
        )
        return Outcome(document, "\n".join([folder.name, *_lines(document)]))


def _lines(document: dict[str, Any], indent: str = "  ") -> list[str]:
    lines = []
    for name, value in document.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        elif isinstance(value, list):
            lines += [f"{indent}{name}", *(f"{indent}  {_confused(one)}" for one in value)]
        else:
            shown = f"{value:.4f}" if isinstance(value, float) else "–" if value is None else str(value)
            lines.append(f"{indent}{name:<23} {shown}")
    return lines


def _confused(pair: dict[str, Any]) -> str:
    (taken, back), (of_one, of_other) = pair["mistaken"], pair["photos"]
    return f"{pair['one']} as {pair['other']} {taken} of {of_one}, the other way round {back} of {of_other}"
