"""Options that several commands share: which photos and which recipe."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from classifier.training.data.cleaning.clean import USABLE
from marketplace.commands import InputRefused
from marketplace.training.runs.request import PhotoSelection


def photo_arguments(parser: CommandParser) -> None:
    """Add the options that photo_selection reads."""
    parser.add_argument(
        "--manifest", action="append", type=Path, default=[], metavar="M", help="labelled photos; may be repeated"
    )
    parser.add_argument("--no-decisions", action="store_true", help="without what people decided here")
    parser.add_argument(
        "--merge", action="append", type=Path, default=[], metavar="TABLE",
        help="classes that become one: JSON with merge_into and dropped, or CSV with from and to; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--usable", type=float, default=USABLE, metavar="P",
        help=f"learn from photos that show a car from outside by P or more, default {USABLE}; 0 = from all",
    )  # fmt: skip


def photo_selection(options: dict[str, Any]) -> PhotoSelection:
    """The photos that the options name. Raises InputRefused."""
    if not 0 <= options["usable"] <= 1:
        raise InputRefused(f"--usable must lie between 0 and 1, it is {options['usable']}.")
    return PhotoSelection(
        manifests=options["manifest"],
        merges=options["merge"],
        decisions=not options["no_decisions"],
        usable=options["usable"],
    )


def recipe_arguments(parser: CommandParser) -> None:
    """Add --recipe, and --set to change parts of it."""
    parser.add_argument("--recipe", default="default", help="by name, or a .toml file")
    parser.add_argument(
        "--set", action="append", default=[], dest="values", metavar="KEY=VALUE",
        help="another value of the recipe, as in its file; may be repeated",
    )  # fmt: skip


def positive(options: dict[str, Any], *names: str) -> None:
    """Refuse options that are given and not more than 0. Raises InputRefused."""
    for name in names:
        if options[name] is not None and not options[name] > 0:  # written so that nan is refused, too
            raise InputRefused(f"--{name.replace('_', '-')} must be more than 0, it is {options[name]}.")
