"""Made-up mileages and prices of second-hand cars, meant to be plausible only at a glance."""

import random
import re
from typing import NamedTuple

from django.utils import timezone

from marketplace.catalogue.models import CarModel
from marketplace.listings.models import Listing

Fuel, Gearbox = Listing.Fuel, Listing.Gearbox

# Prices of a new mid-size car in euros, by make; SIZES has the factor for other sizes, by model.
MANY, NEW_PRICES = 30_000, {
    11_000: (
        "Chery", "Dacia", "Daewoo", "FAW", "GAZ", "Geely", "Great Wall", "Lada", "Lifan", "Moskvich", "UAZ", "ZAZ",
    ),
    46_000: (
        "Acura", "Alfa Romeo", "Audi", "BMW", "Cadillac", "Genesis", "Hummer", "Infiniti", "Jaguar", "Land Rover",
        "Lexus", "Lincoln", "Mercedes-Benz", "NIO", "Polestar", "Rivian", "Saab", "Tesla", "Volvo", "Zeekr",
    ),
    110_000: ("Bentley", "Maserati", "Porsche"),
    230_000: ("Aston Martin", "Bugatti", "Ferrari", "Lamborghini", "Maybach", "McLaren", "Rolls-Royce"),
}  # fmt: skip
SIZES = {
    0.6: (
        "Accent", "Aveo", "Aygo", "C1", "C3", "Clio", "Clio Symbol", "Corsa", "Fabia", "Fiesta", "Fit", "Getz", "i10",
        "i20", "Ibiza", "Jazz", "Ka", "Micra", "Note", "Panda", "Picanto", "Polo", "Punto", "Rio", "Seagull", "Swift",
        "Twingo", "up!", "Yaris", "107", "206", "207", "208", "500",
    ),
    1.3: (
        "5 Series", "A6", "CR-V", "D-Max", "E-Class", "F-150", "GS", "Hilux", "L200", "Navara", "Outlander", "Pajero",
        "Q5", "Ranger", "RAV4", "Santa Fe", "Sorento", "Sportage", "Tucson", "Tundra", "X-Trail", "X3", "XC60",
    ),
    1.9: (
        "1500", "7 Series", "8 Series", "A8", "G-Class", "GL-Class", "Gladiator", "GLS-Class", "Land Cruiser", "LS",
        "LX", "Phaeton", "Q7", "R1S", "R1T", "Ram 1500", "Range Rover", "S-Class", "SL-Class", "Touareg", "Wrangler",
        "X5", "X6", "X7", "XC90",
    ),
}  # fmt: skip
ELECTRIC_MAKES = {"Aion", "Leapmotor", "Lucid", "NIO", "Polestar", "Rivian", "Tesla", "XPeng", "Zeekr"}
ELECTRIC_MODELS = re.compile(
    r"[eë]-(?!class|series)|id\.|eq[abcestv]$|ev\d|ex[349]0$|ioniq [569]$|i[3457]$|ix\d?$|bz\d|i-pace$|taycan$"
    r"|(leaf|ariya|zoé|spring|bolt|enyaq|elroq|born|lyriq|c40|twizy|ami|seagull|dolphin|seal|han|atto 3)$"
    r"|.*\b(electric|e-tron|e-tech|mach-e|lightning|ev)\b",
    re.IGNORECASE,
)
MOSTLY_DIESEL = {"Amarok", "D-Max", "Hilux", "L200", "Navara", "Ranger", "Sprinter", "Transit", "Transporter", "Vito"}
DIESEL_MAKES = {
    "Audi", "BMW", "Citroën", "Fiat", "Ford", "Land Rover", "Mercedes-Benz", "Opel", "Peugeot", "Renault", "SEAT",
    "Škoda", "Volkswagen", "Volvo",
}  # fmt: skip

# For cars of an unknown year: typical of second-hand cars on photos from advertisements.
USUAL_YEAR, YEARS_BACK = 2011, 6
LEAST_PRICE = 900


class Estimate(NamedTuple):
    """What a seller might write about a car."""

    year: int
    price: int
    """In euros."""
    mileage_km: int
    fuel: str
    gearbox: str


def estimate(car_model: CarModel, *, year: int | None, seed: str) -> Estimate:
    """Plausible figures for a car of this model. The same seed gives the same figures."""
    chance = random.Random(seed)  # noqa: S311  # not used for secrets
    year = year or _year(car_model, chance)
    age = max(timezone.now().year - year, 1)
    mileage = round(min(age * 12_000, 240_000) * chance.uniform(0.7, 1.3))
    fuel = _fuel(car_model, chance)
    new = _new_price(car_model) * chance.uniform(0.92, 1.08)
    # The price falls by an eighth each year, towards a twelfth of the new price, which an old car
    # that runs still fetches.
    worth = new * (0.08 + 0.92 * 0.875**age)
    return Estimate(
        year=year,
        price=_rounded(max(worth, LEAST_PRICE)),
        mileage_km=round(mileage, -3) if chance.random() < 0.4 else round(mileage, -2),
        fuel=fuel,
        gearbox=_gearbox(car_model, fuel, chance),
    )


def _year(car_model: CarModel, chance: random.Random) -> int:
    now = timezone.now().year
    last = min(car_model.last_year or now, now)
    first = min(car_model.first_year or last - 20, last)
    usual = USUAL_YEAR - chance.randint(0, YEARS_BACK)
    return min(max(usual, first), last)


def _new_price(car_model: CarModel) -> float:
    make = str(car_model.make)
    base = next((price for price, makes in NEW_PRICES.items() if make in makes), MANY)
    return base * next((share for share, models in SIZES.items() if car_model.name in models), 1.0)


def _fuel(car_model: CarModel, chance: random.Random) -> str:
    make, model = str(car_model.make), car_model.name
    if make in ELECTRIC_MAKES or ELECTRIC_MODELS.match(model):
        return Fuel.ELECTRIC
    if model.startswith("Prius"):
        return Fuel.HYBRID
    diesel = 0.9 if model in MOSTLY_DIESEL else 0.45 if make in DIESEL_MAKES else 0.0
    return Fuel.DIESEL if chance.random() < diesel else Fuel.PETROL


def _gearbox(car_model: CarModel, fuel: str, chance: random.Random) -> str:
    new = _new_price(car_model)
    automatic = next(share for least, share in ((MANY * 1.5, 0.8), (MANY * 0.5, 0.25), (0, 0.0)) if new >= least)
    if fuel in (Fuel.ELECTRIC, Fuel.HYBRID):
        automatic = 1.0
    return Gearbox.AUTOMATIC if chance.random() < automatic else Gearbox.MANUAL


def _rounded(price: float) -> int:
    step = next(step for least, step in ((40_000, 1000), (15_000, 250), (4_000, 100), (0, 50)) if price >= least)
    return round(price / step) * step
