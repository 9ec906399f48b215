"""What a seller is asked before buyers see it: unlikely, perhaps mistyped, but never refused.

A question has a key of its code and its values. The seller answers "yes, that is right" with one
press, the key is kept (``Listing.confirmed``), and another value asks again.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.listings.details.electric import surprises_as_electric
from marketplace.listings.models import Listing

# Below it a price is more often a placeholder than a price: about 100 euros.
LOW_PRICE = {"EUR": 100, "USD": 100, "GBP": 100, "CHF": 100, "BRL": 500, "PLN": 400, "CZK": 2500, "UAH": 4000}
HIGH_PRICE = 20_000  # times LOW_PRICE: about two million euros
LITTLE_KM_A_YEAR = 500
MUCH_KM_A_YEAR = 60_000
OLD_ENOUGH = 3
"""Years from which on a low mileage surprises."""
MUCH_KM = 1_000_000
WEAK_KW, STRONG_KW = 15, 600
ELECTRIC_BEFORE = 2008
INSPECTION_YEARS = 5
AFTER_THE_LAST = 2
"""Years for which a car may stand at a dealer's before it is registered."""

TEXTS: dict[str, Promise] = {
    "before_model": _(
        "%(car)s is built since %(first)s, as far as we know. Was this one first registered in %(year)s?"
    ),
    "after_model": _("%(car)s was built until %(last)s, as far as we know. Was this one first registered in %(year)s?"),
    "future": _("The first registration, %(registered)s, is in the future. Is that right?"),
    "electric_model": _("We know no electric %(car)s. Is it really electric?"),
    "electric_year": _("Hardly any electric cars were sold in %(year)s. Is it really electric?"),
    "low_price": _("Do you really ask %(price)s %(currency)s for the car?"),
    "high_price": _("Do you really ask %(price)s %(currency)s for the car?"),
    "little_driven": _("Only %(mileage)s %(unit)s since %(year)s? Perhaps the thousands are missing."),
    "much_driven": _("As much as %(mileage)s %(unit)s since %(year)s?"),
    "power": _("Is %(power)s %(unit)s really its power?"),
    "inspection": _("Is the inspection really valid until %(until)s?"),
}


@dataclass(frozen=True)
class Question:
    """Something unlikely in an advertisement."""

    code: str
    field: str
    """Where it is asked."""
    values: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        return ":".join((self.code, *(value for _, value in self.values)))

    @property
    def words(self) -> str:
        return str(TEXTS[self.code]) % dict(self.values)


class ListingQuestioned(Exception):
    """Something unlikely was not confirmed yet: the seller is asked, and then it goes on."""

    def __init__(self, questions: Collection[Question]) -> None:
        super().__init__(" ".join(question.words for question in questions))
        self.questions = list(questions)


def questions_of(listing: Listing) -> list[Question]:
    """What is unlikely in a listing, whether the seller confirmed it or not."""
    return [*_years(listing), *_electric(listing), *_price(listing), *_mileage(listing), *_others(listing)]


def questions_open(listing: Listing, *, answered: Collection[str] = ()) -> list[Question]:
    """The questions not answered yet. answered: keys besides those that the listing keeps."""
    said = {*listing.confirmed, *answered}
    return [question for question in questions_of(listing) if question.key not in said]


def _question(code: str, field: str, **values: object) -> Question:
    return Question(code, field, tuple((name, str(value)) for name, value in values.items()))


def _years(listing: Listing) -> Iterator[Question]:
    year, model = listing.year, listing.car_model
    if year is None:
        return
    car = f"{listing.make_name} {listing.model_name}".strip()
    if model is not None and model.first_year is not None and year < model.first_year:
        yield _question("before_model", "year", car=car, first=model.first_year, year=year)
    elif model is not None and model.last_year is not None and year > model.last_year + AFTER_THE_LAST:
        yield _question("after_model", "year", car=car, last=model.last_year, year=year)
    today = timezone.localdate()
    if (year, listing.registered_month or 1) > (today.year, today.month):
        yield _question("future", "year", registered=listing.registered)


def _electric(listing: Listing) -> Iterator[Question]:
    if listing.fuel != Listing.Fuel.ELECTRIC:
        return
    model = listing.car_model
    if model is not None and listing.make is not None and surprises_as_electric(
        make_key=listing.make.key, model_key=model.key, first_year=model.first_year
    ):  # fmt: skip
        yield _question("electric_model", "fuel", car=f"{listing.make} {model}")
    elif listing.year is not None and listing.year < ELECTRIC_BEFORE:
        yield _question("electric_year", "fuel", year=listing.year)


def _price(listing: Listing) -> Iterator[Question]:
    if listing.price is None:
        return
    low = LOW_PRICE[listing.currency]
    price = Decimal(listing.price).normalize()
    if listing.price < low:
        yield _question("low_price", "price", price=f"{price:f}", currency=listing.currency)
    elif listing.price > low * HIGH_PRICE:
        yield _question("high_price", "price", price=f"{price:f}", currency=listing.currency)


def _mileage(listing: Listing) -> Iterator[Question]:
    if listing.mileage_km is None or listing.year is None:
        return
    years = max(0, timezone.localdate().year - listing.year)
    values = {"mileage": listing.mileage, "unit": listing.get_mileage_unit_display(), "year": listing.year}
    if years >= OLD_ENOUGH and listing.mileage_km < LITTLE_KM_A_YEAR * years:
        yield _question("little_driven", "mileage_km", **values)
    elif listing.mileage_km > min(MUCH_KM, MUCH_KM_A_YEAR * (years + 1)):
        yield _question("much_driven", "mileage_km", **values)


def _others(listing: Listing) -> Iterator[Question]:
    if listing.power_kw is not None and not WEAK_KW <= listing.power_kw <= STRONG_KW:
        yield _question("power", "power_kw", power=listing.power, unit=listing.get_power_unit_display())
    until = listing.inspection_until
    if until is not None and until > _in_years(INSPECTION_YEARS):
        yield _question("inspection", "inspection_until", until=f"{until:%m/%Y}")


def _in_years(years: int) -> date:
    today = timezone.localdate()
    return date(today.year + years, today.month, 1)
