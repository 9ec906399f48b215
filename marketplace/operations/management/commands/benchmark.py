from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from classifier.engines import DeviceName, EngineName
from classifier.folder import photos_in
from classifier.training.progress import Progress
from marketplace.commands import GATE_FAILED, InputRefused, Outcome, ServiceCommand
from marketplace.operations.benchmark.limits import Check, checks
from marketplace.operations.benchmark.measure import benchmark
from marketplace.operations.benchmark.request import BenchmarkRequest
from marketplace.training.recogniser import version_folder


class Command(ServiceCommand):
    help = "How fast this machine recognises: beside what people do today, one photo alone, and a worker's start."
    missed: Sequence[Check] = ()
    """With --check: the figures over their limit."""

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("photo_dir", type=Path, metavar="PHOTO_DIR")
        parser.add_argument("--limit", type=int, default=200, metavar="N", help="use at most N photos (default 200)")
        parser.add_argument("--model", metavar="VERSION", help="a version other than the one that serves")
        parser.add_argument("--engine", choices=get_args(EngineName), help="default: RECOGNISER_ENGINE, else auto")
        parser.add_argument("--device", choices=get_args(DeviceName), help="default: RECOGNISER_DEVICE, else auto")
        parser.add_argument("--first-start", action="store_true", help="also a worker's start that converts networks")
        parser.add_argument("--check", action="store_true", help="exit status 1 if a figure is over its limit")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        photos = photos_in(options["photo_dir"])[: max(options["limit"], 1)]
        if not photos:
            raise InputRefused(f"There are no photos in {options['photo_dir']}.")
        request = BenchmarkRequest(
            photos=photos,
            classifier=version_folder(version=options["model"]),
            engine=cast(EngineName, options["engine"] or settings.RECOGNISER_ENGINE),
            device=cast(DeviceName, options["device"] or settings.RECOGNISER_DEVICE),
            first_start=options["first_start"],
        )
        found = benchmark(request=request, progress=progress)
        held = checks(found)
        self.missed = [check for check in held if not check.kept] if options["check"] else []
        return Outcome(found, _text(found, held))

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if self.missed:
            raise CommandError("\n".join(map(str, self.missed)), returncode=GATE_FAILED)


def _text(found: Mapping[str, Any], held: Sequence[Check]) -> str:
    machine, stages = found["machine"], found["stages"]
    chips = ", ".join(machine[name] for name in ("processor", "gpu") if name in machine)
    rows = [
        ("One at a time, as today", f"{found['baseline_per_s']:.1f}/s", ""),
        ("Pipeline", f"{found['pipeline_per_s']:.1f}/s", f"{found['ratio']:.1f} times as many"),
        ("Its stages allow", f"{found['stage_limit_per_s']:.1f}/s", f"{found['of_limit']:.0%} of it is reached"),
        *((f"  {name} alone", f"{rate:.0f}/s", "") for name, rate in stages.items()),
        ("One photo alone, p95", f"{found['one_photo_ms']['p95']:.0f} ms", ""),
        *((one.what, one.found, f"limit {one.limit}: {'kept' if one.kept else 'MISSED'}") for one in held),
    ]
    if "first_start_s" in found:
        rows.append(("Worker's first start", f"{found['first_start_s']:.1f} s", "networks converted"))
    return "\n".join(
        [
            f"{found['photos']} photos, a car recognised on {found['recognised']}",
            f"{found['engine']} on {machine['cores']} cores: {chips}",
            *(f"  {what:24}{figure:>10}   {note}".rstrip() for what, figure, note in rows),
        ]
    )
