from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.listings.models import Listing
from marketplace.listings.services import ListingRefused
from marketplace.moderation.models import Decision
from marketplace.moderation.services import DecisionRefused
from marketplace.operations.demo.plan import DEFAULT_LISTINGS
from marketplace.operations.demo.services import Filled, demo_fill


class Command(ServiceCommand):
    help = "Fill an empty site (one without listings) with examples in every state, from photos of cars or drawn ones."
    # Raised if somebody moderates, or edits a demonstration seller's listing, at the same time.
    refusals: ClassVar = (DecisionRefused, ListingRefused)

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--photos", type=Path, metavar="DIR",
            help="a folder with a manifest.csv, or with one folder of photos for each car, named after it",
        )  # fmt: skip
        parser.add_argument(
            "--listings", type=int, metavar="N", help=f"default: {DEFAULT_LISTINGS}, or fewer where DIR has fewer cars"
        )
        parser.add_argument("--in-production", action="store_true", help="also where DEBUG is off")

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        filled = demo_fill(
            photos=options["photos"],
            asked=options["listings"],
            in_production=options["in_production"],
            progress=progress,
        )
        return Outcome(_document(filled), _text(filled))


def _document(filled: Filled) -> dict[str, Any]:
    """For `--json`, without the passwords, which do not belong in a log."""
    document = asdict(filled)
    del document["accounts"]
    return {**document, "accounts_files": [str(path) for path in filled.accounts_files]}


def _text(filled: Filled) -> str:
    states = ", ".join(f"{count} {Listing.Status(status).label}" for status, count in filled.listings.items())
    photos = sum(filled.photos.values())
    decided = ", ".join(f"{count} {Decision.Action(action).label}" for action, count in filled.decisions.items())
    lines = [
        f"{sum(filled.listings.values())} listings in {filled.seconds:.0f} s: {states}",
        f"{photos} photos, a car recognised on {filled.photos.get('ok', 0)}",
        *(f"  refused: {one}" for one in filled.refused),
        f"Decisions: {decided}",
        "Waiting for review:",
        *(f"  {one.code}  {one.title}: {one.reason}" for one in filled.queue),
        f"Accounts (see them again in {filled.accounts_files[0]}; the other sellers' in {filled.accounts_files[1]}):",
        *(f"  {account.email:24} {account.password}   {account.role}" for account in filled.accounts),
    ]
    return "\n".join(lines)
