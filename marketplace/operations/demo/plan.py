"""What a demonstration consists of: cars, the people who sell them, and what becomes of each advertisement."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

from marketplace.accounts.services import DemoPerson
from marketplace.operations.demo.drawings import drawing
from marketplace.refusals import Refused

CARS_FILE = Path(__file__).with_name("cars.toml")
NOT_FOR_SALE = "This is an example made for trying the site: the car is not for sale."
DEFAULT_LISTINGS = 36  # well within a minute on two cores: half a second each, and a page full of live ones
CROWNS_PER_EURO = 25


class DemoRefused(Refused):
    """The demonstration cannot be made; the message is one clear line that says what to do."""


class Fate(Enum):
    """What becomes of an advertisement. Each one leads to a state that a seller or a moderator meets."""

    LIVE = "the seller names the car rightly; the policy or the moderator lets it in"
    CORRECTED = "the seller names another model; the moderator puts it right and lets it in"
    SOLD = "let in, and sold"
    TAKEN_BACK = "let in, and taken back by its seller: a draft again"
    DRAFT = "begun and not handed in"
    UNSURE = "waits for the moderator: the photos alone do not settle it"
    CONTRADICTED = "waits for the moderator: the photos show another car than the seller names"
    OWN_WORDS = "waits for the moderator: the seller wrote a model that the catalogue does not have"
    REJECTED = "sent back by the moderator, with the reason"


ONE_OF_EACH = tuple(Fate)
MOST_ARE_LIVE = (
    Fate.LIVE, Fate.LIVE, Fate.UNSURE, Fate.LIVE, Fate.LIVE, Fate.SOLD, Fate.LIVE, Fate.LIVE, Fate.LIVE, Fate.LIVE,
)  # fmt: skip


def fates(count: int) -> list[Fate]:
    """The fates of so many advertisements: each one once, the rest mostly live."""
    return [*ONE_OF_EACH, *islice(cycle(MOST_ARE_LIVE), count - len(ONE_OF_EACH))]


def listings_count(*, asked: int | None, cars: int, named: str) -> int:
    """How many advertisements to make of so many cars, which are ``named`` in a refusal. Raises DemoRefused."""
    count = min(cars, DEFAULT_LISTINGS) if asked is None else asked
    if count > cars:
        raise DemoRefused(f"--listings {count} is too many: there are {cars} {named}.")
    if count < len(ONE_OF_EACH):
        whose = f"There are {cars} {named}" if asked is None else f"--listings {asked}"
        raise DemoRefused(f"{whose}: too few. {len(ONE_OF_EACH)} show every state once.")
    return count


@dataclass(frozen=True)
class Seller:
    """One who sells, and where."""

    person: DemoPerson
    place: str
    currency: str = "EUR"

    def price(self, euros: int) -> int:
        """The price in the seller's currency, round as people write it."""
        return euros if self.currency == "EUR" else round(euros * CROWNS_PER_EURO, -3)


def _seller(name: str, email: str, place: str, currency: str = "EUR") -> Seller:
    return Seller(DemoPerson(f"{email}@example.org", name, "sells cars"), place, currency)


# Beside the seller of the site's first start, whose home is FIRST_PLACE and who has one advertisement of each fate.
FIRST_PLACE = "Dublin"
SELLERS = (
    _seller("Autohaus Lindner", "lindner", "Kassel"),
    _seller("Claire Moreau", "claire", "Lyon"),
    _seller("Luca Ferri", "luca", "Bologna"),
    _seller("Petr Dvořák", "petr", "Brno", "CZK"),
    _seller("Ana Marques", "ana", "Porto"),
    _seller("De Vries Auto's", "devries", "Utrecht"),
)


class Picture(NamedTuple):
    """One photo to upload."""

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Offer:
    """One car and what its seller says of it."""

    make: str
    model: str
    year: int
    price: int
    """In euros."""
    mileage_km: int
    fuel: str
    gearbox: str
    words: str
    pictures: tuple[Picture, ...]
    body: str = ""
    """Empty: left to the photos."""

    @property
    def description(self) -> str:
        return f"{self.words}\n\n{NOT_FOR_SALE}"


def offers_drawn(*, asked: int | None) -> list[Offer]:
    """The cars in cars.toml, each drawn from both sides; as many as ``asked`` for. Raises DemoRefused."""
    cars = cars_file()["car"]
    count = listings_count(asked=asked, cars=len(cars), named="cars to draw; for others, give photos (--photos DIR)")
    return [_offer_drawn(number, **car) for number, car in enumerate(cars[:count])]


def cars_file() -> dict[str, Any]:
    """cars.toml as it stands."""
    return tomllib.loads(CARS_FILE.read_text(encoding="utf-8"))


def _offer_drawn(number: int, *, colour: str, **car: Any) -> Offer:
    # Fewer scenes than cars, and another one on each side: neighbours on a page differ.
    sides = (
        Picture(
            f"drawing-{side}.jpg",
            partial(drawing, body=car["body"], colour=colour, scene=number + scene, mirrored=mirrored),
        )
        for side, scene, mirrored in (("left", 0, number % 3 == 1), ("right", 2, number % 3 != 1))
    )
    return Offer(pictures=tuple(sides), **car)
