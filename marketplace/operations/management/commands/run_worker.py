import sys
from typing import Any

from django.core.management.base import CommandParser

from marketplace.commands import InputRefused, OneLineCommand, refusing
from marketplace.env import queues_apart
from marketplace.operations.worker import worker_run


class Command(OneLineCommand):
    help = "Prepare the engine, then become a Celery worker: what a worker of photos is started with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="+", help="whose tasks it takes; docs/operations.md lists them")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusing():
            if not queues_apart([options["queues"]]):
                raise InputRefused("A training takes hours: start a worker for train alone.")
            sys.exit(worker_run(queues=options["queues"]))
