"""Measures how long the search's pages take at volume, facet counts included.

Makes a market of its own (SQLite in a temporary folder, or a new database on the server that
DATABASE_URL names), asks for every kind of page as a browser does, in this process and one at a
time, and compares the 95th percentile with the limit. Prints the plans of the queries of whatever
is slower. Usage: make measure-search [LISTINGS=100000] [RUNS=40]
"""

import argparse
import atexit
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.postgres import new_database

# A site of its own, before Django reads its settings.
own = ExitStack()
atexit.register(own.close)
os.environ |= {
    "VAR_DIR": own.enter_context(tempfile.TemporaryDirectory(prefix="fc-")),
    "DJANGO_SETTINGS_MODULE": "marketplace.settings",
    "DEBUG": "0", "STATIC_COLLECTED": "0",
    "SECRET_KEY": "of-a-site-that-nobody-visits-" * 2, "ALLOWED_HOSTS": "localhost",
    "SECURE_SSL_REDIRECT": "0", "LOG_LEVEL": "ERROR", "API_RATE": "1000000/min",
}  # fmt: skip
if server := os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = own.enter_context(new_database(server, "search"))

import django

django.setup()
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.services import catalogue_load
from marketplace.listings.models import Listing
from marketplace.listings.search.stock.paging import Cursor
from tests.market import market_make

LIMITS = {"sqlite": 100, "postgresql": 50}  # milliseconds, of the 95th percentile
WORDS = ("timing belt", "panoramic", "winter tyres", "chassis 0123", "golf heated", "scratch door", "tow bar berlin")
TYPED = ("golf diesel under 5000", "bmw automatic 2015", "volkswagn", "audi a4 estate berlin", "skoda winter tyres")


def kinds(chance: random.Random) -> dict[str, Callable[[], str]]:
    """The address of a page of each kind, another one at every call."""
    some = Listing.objects.order_by("pk").values_list("pk", "published_at", "price_eur", "car_model")[:20_000]
    moments = list(some)
    models = list(CarModel.objects.select_related("make").filter(pk__in={row[3] for row in moments}))
    makes = list(Make.objects.filter(pk__in={model.make_id for model in models}))

    def deep(sort: str) -> str:
        pk, published, price, _model = chance.choice(moments)
        key = -int(published.timestamp() * 1_000_000) if sort == "newest" else int(price * 100)
        return str(Cursor(key, pk))

    def make() -> str:
        return chance.choice(makes).slug

    def model() -> str:
        one = chance.choice(models)
        return f"/cars/{one.make.slug}/{one.slug}/"

    codes = list(Listing.objects.order_by("pk").values_list("code", flat=True)[:20_000])
    fuels, bodies = Listing.Fuel.values[:5], Listing.Body.values
    return {
        "home": lambda: "/",
        "make": lambda: f"/cars/{make()}/",
        "model": model,
        "one car": lambda: f"/cars/{chance.choice(codes)}/",
        "two makes": lambda: f"/?make={make()}&make={make()}&year_min={chance.randint(2000, 2020)}",
        "fuel": lambda: f"/?fuel={chance.choice(fuels)}&year_max={chance.randint(2001, 2024)}",
        "three filters": lambda: f"/?fuel=diesel&gearbox=automatic&body={chance.choice(bodies)}",
        "price range": lambda: f"/?price_min={chance.randint(500, 9000)}&price_max={chance.randint(9000, 30000)}",
        "in zloty": lambda: f"/?price_max={chance.randint(9000, 90000)}&currency=PLN",
        "place": lambda: f"/?place=Berlin&mileage_max={chance.randint(50, 200)}000",
        "by price": lambda: f"/?gearbox={chance.choice(['manual', 'automatic'])}&sort=price",
        "by mileage": lambda: f"/?body={chance.choice(bodies)}&sort=mileage",
        "deep": lambda: f"/?after={deep('newest')}",
        "deep by price": lambda: f"/?sort=price&after={deep('price')}",
        "text": lambda: f"/?q={chance.choice(WORDS)}",
        "typed": lambda: f"/?q={chance.choice(TYPED)}",
        "API": lambda: f"/api/v1/listings/?page_size=24&fuel={chance.choice(fuels)}",
        "API deep": lambda: f"/api/v1/listings/?page_size=24&after={deep('newest')}",
    }


def measure(runs: int, limit: float) -> int:
    """Prints a line for each kind; how many are too slow."""
    client = Client(SERVER_NAME="localhost")
    started = time.perf_counter()
    client.get("/")
    print(f"first page, which reads the stock: {time.perf_counter() - started:.1f} s")
    slow = []
    for name, address in kinds(random.Random(1)).items():  # noqa: S311  # nothing is secret here
        took, worked = [], []
        for _ in range(runs):
            started, busy = time.perf_counter(), time.process_time()
            where = page(client, address())
            took.append((time.perf_counter() - started) * 1000)
            worked.append((time.process_time() - busy) * 1000)
        p95 = statistics.quantiles(took, n=20)[-1]
        too_slow = "   TOO SLOW" if p95 > limit else ""
        own = f"(this process's processor time {statistics.quantiles(worked, n=20)[-1]:5.1f})"
        print(f"{name:15} p50 {statistics.median(took):6.1f} ms   p95 {p95:6.1f} ms {own}{too_slow}", flush=True)
        if too_slow:
            slow.append(where)
    for where in slow:
        explain(client, where)
    return len(slow)


def page(client: Client, where: str) -> str:
    """Fetch a page and follow its redirects; the address where they end."""
    answer = client.get(where)
    while answer.status_code in {301, 302}:
        where = answer["Location"]
        answer = client.get(where)
    if answer.status_code != 200:
        raise SystemExit(f"{where}: {answer.status_code}")
    return where


def explain(client: Client, where: str) -> None:
    """Prints the plan of every query of a page."""
    with CaptureQueriesContext(connection) as queries:
        client.get(where)
    analyse = "EXPLAIN (ANALYZE, BUFFERS)" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    for query in queries:
        print(f"\n{where}\n{query['time']} s: {query['sql'][:400]}")
        if query["sql"].startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute(f"{analyse} {query['sql'].replace('%', '%%')}", [])
                print("\n".join("  " + " ".join(map(str, row)) for row in cursor.fetchall()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listings", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=40)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    catalogue_load()
    started = time.perf_counter()
    market_make(options.listings)
    limit = LIMITS[connection.vendor]
    print(f"{options.listings:,} cars on {connection.vendor}, made in {time.perf_counter() - started:.0f} s")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {options.runs} pages of each kind, limit {limit} ms")
    slow = measure(options.runs, limit)
    connection.close()
    print(f"{slow} kinds are too slow" if slow else "all within the limit")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
