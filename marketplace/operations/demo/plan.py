"""The plan of a demonstration: cars, their sellers and the fate of each listing."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

from marketplace.accounts.services import DemoPerson
from marketplace.listings.details.columns import PowerUnit, Vat
from marketplace.listings.details.equipment import ordered
from marketplace.listings.details.units import kw_of_ps
from marketplace.operations.demo.drawings import drawing
from marketplace.refusals import Refused

CARS_FILE = Path(__file__).with_name("cars.toml")
NOT_FOR_SALE = "This is an example made for trying the site: the car is not for sale."
DEFAULT_LISTINGS = 36  # a page full of live ones, in well under a minute on two cores: 0.5 s each
CROWNS_PER_EURO = 25


class DemoRefused(Refused):
    """The demonstration cannot be created; the message is one clear line that says what to do."""


class Fate(Enum):
    """What happens to a listing. Each fate leads to a situation that sellers or moderators meet."""

    LIVE = "the seller names the car rightly; the policy or the moderator lets it in"
    CORRECTED = "the seller names another model; the moderator puts it right and lets it in"
    LOWERED = "let in; its seller asks less by now"
    RESERVED = "let in, and promised to somebody"
    SOLD = "let in, and sold"
    WITHDRAWN = "let in, and hidden by its seller for a while"
    EXPIRED = "let in, and its time is over"
    DELETED = "let in, withdrawn and deleted; it can be brought back for two weeks"
    CHANGING = "let in; its seller proposes a change of the year, which waits for the moderator"
    DRAFT = "begun and not handed in"
    UNSURE = "waits for the moderator: the photos alone do not settle it"
    CONTRADICTED = "waits for the moderator: the photos show another car than the seller names"
    OWN_WORDS = "waits for the moderator: the seller wrote a model that the catalogue does not have"
    CHANGES = "sent back by the moderator, who says what to change"
    REJECTED = "rejected by the moderator, with the reason"


ONE_OF_EACH = tuple(Fate)
MOST_ARE_LIVE = (
    Fate.LIVE, Fate.LIVE, Fate.UNSURE, Fate.LIVE, Fate.LIVE, Fate.SOLD, Fate.LIVE, Fate.LIVE, Fate.LIVE, Fate.LIVE,
)  # fmt: skip


def fates(count: int) -> list[Fate]:
    """The fates of ``count`` listings: each fate once, then mostly live ones."""
    return [*ONE_OF_EACH, *islice(cycle(MOST_ARE_LIVE), count - len(ONE_OF_EACH))]


def listings_count(*, asked: int | None, cars: int, named: str) -> int:
    """How many listings to create from ``cars`` cars. Raises DemoRefused.

    named: what the cars are called in the message of a refusal.
    """
    count = min(cars, DEFAULT_LISTINGS) if asked is None else asked
    if count > cars:
        raise DemoRefused(f"--listings {count} is too many: there are {cars} {named}.")
    if count < len(ONE_OF_EACH):
        whose = f"There are {cars} {named}" if asked is None else f"--listings {asked}"
        raise DemoRefused(f"{whose}: too few. {len(ONE_OF_EACH)} show every state once.")
    return count


@dataclass(frozen=True)
class Seller:
    """One seller and the place and currency of their listings."""

    person: DemoPerson
    place: str
    currency: str = "EUR"
    country: str = "IE"
    postcode: str = ""
    vat: str = Vat.PRIVATE

    def price(self, euros: int) -> int:
        """The price in the seller's currency, rounded as people write it."""
        return euros if self.currency == "EUR" else round(euros * CROWNS_PER_EURO, -3)


def _seller(name: str, email: str, place: str, **fields: str) -> Seller:
    return Seller(DemoPerson(f"{email}@example.org", name, "sells cars"), place, **fields)


# The sellers besides the one of the site's first start, who is at FIRST_PLACE and has one listing
# of each fate.
FIRST_PLACE = "Dublin"
SELLERS = (
    _seller("Autohaus Lindner", "lindner", "Kassel", country="DE", postcode="34117", vat=Vat.RECLAIMABLE),
    _seller("Claire Moreau", "claire", "Lyon", country="FR", postcode="69002"),
    _seller("Luca Ferri", "luca", "Bologna", country="IT", postcode="40121"),
    _seller("Petr Dvořák", "petr", "Brno", country="CZ", postcode="602 00", currency="CZK"),
    _seller("Ana Marques", "ana", "Porto", country="PT", postcode="4050-253"),
    _seller("De Vries Auto's", "devries", "Utrecht", country="NL", postcode="3511 AB", vat=Vat.MARGIN),
)


class Picture(NamedTuple):
    """One photo to upload."""

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Offer:
    """One car and what its seller says about it."""

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
    """Empty if it is left to the photos."""
    # What is not known of cars on photos:
    power_ps: int | None = None
    drive: str = ""
    doors: int | None = None
    seats: int | None = None
    owners: int | None = None
    equipment: Sequence[str] = ()

    @property
    def details(self) -> dict[str, Any]:
        """Values of the listing's details."""
        said = {name: getattr(self, name) for name in ("drive", "doors", "seats", "owners")}
        power = {"power_kw": kw_of_ps(self.power_ps), "power_unit": PowerUnit.PS} if self.power_ps else {}
        return {**said, **power, "equipment": ordered(self.equipment)}

    @property
    def description(self) -> str:
        return f"{self.words}\n\n{NOT_FOR_SALE}"


def offers_drawn(*, asked: int | None) -> list[Offer]:
    """The cars of cars.toml, each drawn from both sides. Raises DemoRefused.

    asked: how many; None for the default number.
    """
    cars = cars_file()["car"]
    count = listings_count(asked=asked, cars=len(cars), named="cars to draw; for others, give photos (--photos DIR)")
    return [_offer_drawn(number, **car) for number, car in enumerate(cars[:count])]


def cars_file() -> dict[str, Any]:
    """The content of cars.toml."""
    return tomllib.loads(CARS_FILE.read_text(encoding="utf-8"))


def _offer_drawn(number: int, *, colour: str, **car: Any) -> Offer:
    # There are fewer scenes than cars. They rotate, and each side has another one, so that
    # neighbours on a page differ.
    sides = (
        Picture(
            f"drawing-{side}.jpg",
            partial(drawing, body=car["body"], colour=colour, scene=number + scene, mirrored=mirrored),
        )
        for side, scene, mirrored in (("left", 0, number % 3 == 1), ("right", 2, number % 3 != 1))
    )
    return Offer(pictures=tuple(sides), **car)
