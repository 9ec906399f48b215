import os
import sys
from typing import Any

from django.core.management.base import CommandParser

from marketplace.commands import OneLineCommand, refusing
from marketplace.operations.run import site_run


class Command(OneLineCommand):
    help = "Set up and run the whole site on this machine: web, worker, scheduler and an embedded Redis (make run)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"))

    def handle(self, *args: Any, **options: Any) -> None:
        with refusing():
            sys.exit(site_run(port=options["port"], say=self.stdout.write))
