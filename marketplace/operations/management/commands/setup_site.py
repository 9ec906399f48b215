import time
from typing import Any

from django.core.management.base import CommandParser

from marketplace.commands import OneLineCommand, refusing
from marketplace.operations import setup


class Command(OneLineCommand):
    help = "Bring a migrated site to where it can serve: catalogue, first model, engine cache. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also make the demonstration's accounts and print them")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusing():
            self.stdout.write(f"Catalogue: {setup.catalogue_summary(setup.catalogue_load())}")
            champion = setup.champion_ensure()
            self.stdout.write(f"Model: {champion.version} serves")
            started = time.monotonic()
            self.stdout.write("Engine: getting ready (up to a minute on the first start) …")
            engine = setup.engine_warm(champion=champion)
            self.stdout.write(f"Engine: {engine}, ready in {time.monotonic() - started:.1f} s")
            if options["demo"]:
                accounts = setup.demo_accounts()
                self.stdout.write(f"Demonstration accounts (see them again in {setup.demo_accounts_file()}):")
                for account in accounts:
                    self.stdout.write(f"  {account.email:24} {account.password}   {account.role}")
                if hint := setup.empty_site_hint():
                    self.stdout.write(hint)
