from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.folder import photos_in
from classifier.training.progress import Progress
from marketplace.commands import InputRefused, Outcome, ServiceCommand
from marketplace.training.benchmark import benchmark
from marketplace.training.eye import serving_folder, version_folder


class Command(ServiceCommand):
    help = "Photos per second: one at a time as people do today, through the pipeline, and what its stages allow."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("photo_dir", type=Path, metavar="PHOTO_DIR")
        parser.add_argument("--limit", type=int, default=200, metavar="N", help="use at most N photos (default 200)")
        parser.add_argument("--model", metavar="VERSION", help="a version other than the one that serves")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        photos = photos_in(options["photo_dir"])[: max(options["limit"], 1)]
        if not photos:
            raise InputRefused(f"There are no photos in {options['photo_dir']}.")
        folder = version_folder(version=options["model"]) if options["model"] else serving_folder()
        found = benchmark(photos=photos, classifier=folder, progress=progress)
        stages = ", ".join(f"{name} {rate:.0f}/s" for name, rate in found["stages"].items())
        text = (
            f"{found['photos']} photos on {found['engine']}\n"
            f"  one at a time  {found['baseline_per_s']:.1f}/s\n"
            f"  pipeline       {found['pipeline_per_s']:.1f}/s  ({found['ratio']:.1f} times as many)\n"
            f"  stages allow   {found['stage_limit_per_s']:.1f}/s  ({found['of_limit']:.0%} of it is reached)\n"
            f"  each alone     {stages}"
        )
        return Outcome(found, text)
