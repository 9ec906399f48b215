"""A market of any size in seconds: some thousand different cars, and copies by the database.

For measuring the search and checking its plans (scripts/measure_search.py, test_plans.py).
"""

import random
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel
from marketplace.listings.life.steps import TERM
from marketplace.listings.models import Listing

DIFFERENT = 20_000
TOWNS = (
    "Berlin", "Hamburg", "München", "Wien", "Graz", "Praha", "Brno", "Kraków", "Łódź", "Kyiv", "Lviv", "Porto",
    "Lisboa", "Madrid", "Sevilla", "Lyon", "Paris", "Milano", "Roma", "Gent", "Utrecht", "Malmö", "Oslo",
    "Riga", "Zürich",
)  # fmt: skip
PHRASES = (
    "One owner from new.", "Full service history.", "Comes with winter tyres.", "Tow bar.", "New brakes all round.",
    "Small scratch on the left door.", "Heated seats.", "Parking sensors and camera.", "Never smoked in.",
    "Timing belt changed.", "Panoramic roof.", "Leather, electric seats.", "Inspection until next year.",
)  # fmt: skip


def market_make(count: int, *, different: int = DIFFERENT) -> None:
    """Put so many cars on sale, rounded up to a multiple of ``different``; needs the catalogue."""
    different = min(count, different)
    first = (Listing.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    _different(different, first)
    for number in range(1, -(-count // different)):
        _copy(number, first, different)
    # What changed lately is read again before every search; a market grows slower than this.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE listings_listing SET updated_at = %s", [timezone.now() - timedelta(days=1)])
        cursor.execute("ANALYZE")


def _different(count: int, first: int) -> None:
    chance = random.Random(7)
    seller = User.objects.create(email=f"market-{first}@example.org", display_name="Market")
    models = list(CarModel.objects.select_related("make").order_by("make__name", "name"))
    # As on a real market: a few models are most of the cars.
    weights = [1 / (1 + place) ** 0.9 for place in range(len(models))]
    chance.shuffle(models)
    now = timezone.now()
    rows = []
    for number in range(count):
        (model,) = chance.choices(models, weights)
        year = chance.randint(1998, 2025)
        rows.append(
            Listing(
                pk=first + number, seller=seller, status="live", make=model.make, car_model=model, year=year,
                price=max(500, round(30_000 * 0.88 ** (2026 - year) * chance.uniform(0.5, 1.6), -1)),
                currency=chance.choices(["EUR", "PLN", "CZK", "GBP"], [7, 1, 1, 1])[0],
                mileage_km=round((2026 - year) * 13_000 * chance.uniform(0.4, 1.5) + 5_000, -2),
                fuel=chance.choices(["petrol", "diesel", "electric", "hybrid", "lpg"], [45, 40, 6, 6, 3])[0],
                gearbox=chance.choices(["manual", "automatic"], [65, 35])[0],
                body=chance.choice(Listing.Body.values), colour=chance.choice(Listing.Colour.values),
                drive=chance.choices(["front", "rear", "all", ""], [60, 15, 15, 10])[0],
                country=chance.choice(["DE", "AT", "CZ", "PL", "PT", "ES"]), place=chance.choice(TOWNS),
                description=" ".join(chance.sample(PHRASES, 4)) + f" Chassis {chance.randrange(10**6):06}.",
                submitted_at=now, published_at=now - timedelta(seconds=chance.randrange(60 * 86_400)),
                expires_at=now + TERM,
            )
        )  # fmt: skip
    Listing.objects.bulk_create(rows, batch_size=500)


def _copy(number: int, first: int, count: int) -> None:
    """The same cars once more, each a little dearer and some minutes older."""
    own = {"id", "code", "price", "price_eur", "published_at"}
    same = [field.column for field in Listing._meta.concrete_fields if field.column not in own]
    older = (
        "published_at - %s * interval '1 minute'"
        if connection.vendor == "postgresql"
        else "datetime(published_at, '-' || %s || ' minutes')"
    )
    columns = ", ".join(same)
    shift = number * count
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO listings_listing (id, code, price, price_eur, published_at, {columns})"
            f" SELECT id + %s, %s || id, price + %s, price_eur + %s, {older}, {columns}"
            f" FROM listings_listing WHERE id BETWEEN %s AND %s",
            [shift, f"{number}z", number, number, number * 7, first, first + count - 1],
        )
        cursor.execute(
            "INSERT INTO listings_listingtext (listing_id, words) SELECT listing_id + %s, words"
            " FROM listings_listingtext WHERE listing_id BETWEEN %s AND %s",
            [shift, first, first + count - 1],
        )
