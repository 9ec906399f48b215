"""No page reads a whole table of listings, whatever it asks for; only the stock does, once."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.market import market_make

PAGES = (
    "/", "/cars/volkswagen/", "/?fuel=diesel&year_max=2010&sort=price", "/?price_max=9000&currency=PLN&sort=mileage",
    "/?place=Berlin&body=wagon", "/?q=panoramic roof", "/?q=golf diesel under 5000 berlin", "/?q=volkswagn",
    "/?sort=price&after=500000.9000", "/api/v1/listings/?fuel=diesel&sort=year", "/api/v1/listings/?place=wien",
)  # fmt: skip
WHOLE = {
    "postgresql": re.compile(r"Seq Scan on (listings_listing\w*|photos_photo)"),
    "sqlite": re.compile(r"SCAN (listings_listing\w*|photos_photo)\b(?! VIRTUAL TABLE)(?! USING)"),
}


@pytest.fixture
def market(catalogue):
    market_make(6_000, different=600)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # so few rows are read faster than any index
            cursor.execute("SET LOCAL enable_seqscan = off")
        yield cursor


def test_no_page_scans_a_table(client, market):
    client.get("/")  # reads the stock
    scans, queries = [], 0
    for address in PAGES:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address, follow=True).status_code == 200
        for sql in {query["sql"] for query in asked if query["sql"].startswith("SELECT")}:
            explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
            market.execute(f"{explain} {sql.replace('%', '%%')}", [])
            plan = "\n".join(str(row[-1]) for row in market.fetchall())
            queries += 1
            if WHOLE[connection.vendor].search(plan):
                scans.append((address, sql[:200], plan))
    assert queries > len(PAGES)
    assert scans == []
