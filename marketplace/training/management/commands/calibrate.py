from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import CommandParser

from classifier.artefact import artefact_open
from classifier.training.data.manifest import manifest_read
from classifier.training.errors import TrainError
from classifier.training.progress import Progress
from classifier.training.request import TrainingContext
from marketplace.commands import Outcome, ServiceCommand
from marketplace.photos.recognition.taxonomy import CatalogueNames
from marketplace.registry.services import version_register
from marketplace.training.promotion.scoring import cars_named


class Command(ServiceCommand):
    help = "Calibrate and measure networks trained elsewhere, alone or side by side; the result is a new version."
    refusals: ClassVar[tuple[type[Exception], ...]] = (TrainError,)

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "artefact", nargs="+", type=Path, metavar="FOLDER", help="side by side, if there are several"
        )
        parser.add_argument(
            "--manifest", action="append", required=True, type=Path,
            help="what they learned from, cleaned and with its splits; may be repeated",
        )  # fmt: skip
        parser.add_argument("--name", default="calibrated", help="the version's name begins with it")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        artefacts = [artefact_open(folder) for folder in options["artefact"]]
        rows = [row for manifest in options["manifest"] for row in manifest_read(manifest)]
        # Imported here: it loads torch, and bad arguments are refused before that.
        from classifier.training.tools.assemble import assembled  # noqa: PLC0415

        context = TrainingContext(
            work_dir=Path(settings.RUNS_DIR) / "work",
            weights=Path(settings.STARTER_WEIGHTS_DIR),
            progress=progress,
            rename=CatalogueNames(cars_named(rows, artefacts[0].spec.classes)),
            engine_cache=Path(settings.ENGINE_CACHE_DIR),
        )
        done = assembled(artefacts, rows, context, name=options["name"], out=Path(settings.ARTEFACTS_DIR))
        version = version_register(folder=done.artefact.folder)
        test = done.metrics.get("test", {})
        document = {"version": version.version, "folder": str(done.artefact.folder), "test": test}
        figures = ", ".join(f"{name} {test[name]:.3f}" for name in ("top1", "make_top1", "ece") if test.get(name))
        return Outcome(
            document, f"{version.version}: {figures or 'no test photos'}\nServe it: promote {version.version}"
        )
