import time
from typing import Any

from django.core.management.base import CommandParser

from marketplace.accounts.roles import roles_ensure
from marketplace.commands import OneLineCommand, refusing
from marketplace.operations import setup


class Command(OneLineCommand):
    help = "Bring a migrated site to where it can serve: catalogue, first model, engine cache. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also make the demonstration's accounts and print them")
        parts = parser.add_mutually_exclusive_group()
        parts.add_argument("--without-engine", action="store_true", help="a worker prepares it: see run_worker")
        parts.add_argument("--only-engine", action="store_true", help="nothing else, on a site that is set up")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusing():
            if not options["only_engine"]:
                self.stdout.write(f"Catalogue: {setup.catalogue_summary(setup.catalogue_load())}")
                roles_ensure()
                self.stdout.write(f"Model: {setup.champion_ensure().version} serves")
            if not options["without_engine"]:
                self._engine()
            if options["demo"]:
                self._accounts()

    def _engine(self) -> None:
        started = time.monotonic()
        engine = setup.engine_warm(champion=setup.champion_ensure(), say=self._say)
        self._say(f"Engine: {engine}, ready in {time.monotonic() - started:.1f} s")

    def _accounts(self) -> None:
        accounts = setup.demo_accounts()
        self.stdout.write(f"Demonstration accounts (see them again in {setup.demo_accounts_file()}):")
        for account in accounts:
            self.stdout.write(f"  {account.email:24} {account.password}   {account.role}")
        if hint := setup.empty_site_hint():
            self.stdout.write(hint)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()  # to a pipe, too: somebody waits for it
