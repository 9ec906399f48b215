"""colours.csv: photos whose car's colour, and number of cars, somebody saw.

Columns: `file` below $CAR_PHOTOS; `colour` (colour.COLOURS) of the car in the largest box,
"unclear" (night, camouflage, two colours) or empty (not looked at); `also`, another colour that one
may call it; `cars`: 1, 2, 3 (three or more), "unclear" or empty. Counted are cars that are mostly
shown and about half as wide as the main one, or more. `chosen`: how the photo came into the list:
at "random", because its colour is "rare", because the detector saw "several" cars; of the rare and
the several, shares say nothing about other photos. `split`: train or test, by vehicle; cars that
their manifest holds out for tests are in test.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("colours.csv")
UNCLEAR = "unclear"
RANDOM = "random"


@dataclass(frozen=True)
class ColourLabel:
    """One photo of the list."""

    file: str
    colour: str
    """"" if it is unclear or was not looked at."""
    also: str
    cars: int | None
    chosen: str
    split: str

    @property
    def source(self) -> str:
        """The folder of its manifest."""
        return self.file.partition("/")[0]

    @property
    def at_random(self) -> bool:
        """Whether it was chosen without regard to what it shows."""
        return self.chosen == RANDOM


def colour_labels(path: Path = LIST) -> list[ColourLabel]:
    """All rows."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            ColourLabel(
                file=row["file"],
                colour="" if row["colour"] == UNCLEAR else row["colour"],
                also=row["also"],
                cars=int(row["cars"]) if row["cars"].isdigit() else None,
                chosen=row["chosen"],
                split=row["split"],
            )
            for row in csv.DictReader(file)
        ]
