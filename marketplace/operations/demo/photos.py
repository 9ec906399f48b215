"""Cars from an operator's photos: a manifest.csv with vehicles, or one folder per car."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from classifier.folder import photos_in
from classifier.training.data.manifest import manifest_read
from marketplace.catalogue.models import CarModel
from marketplace.catalogue.selectors import car_find, catalogue_resolve_many
from marketplace.operations.demo.plan import DemoRefused, Offer, Picture, cars_file, listings_count
from marketplace.operations.demo.prices import Estimate, Fuel, estimate

OUTSIDE, INSIDE = 4, 1  # photos of an advertisement
INTERIOR = "interior"
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True)
class PhotographedCar:
    """One car from a folder or from its rows in a manifest."""

    name: str
    """The name of the folder or of the vehicle."""
    car_model: CarModel
    year: int | None
    photos: tuple[Path, ...]
    """The best ones first."""


def offers_photographed(*, folder: Path, asked: int | None) -> list[Offer]:
    """Cars of the folder, spread over its makes, those with most photos first.

    asked: how many; None for the default number. Cars that the catalogue does not have are left
    out. Raises DemoRefused and ManifestError.
    """
    by_manifest = folder.is_file() or (folder / "manifest.csv").is_file()
    cars = _of_manifest(folder) if by_manifest else list(_of_folders(folder))
    if not cars:
        raise DemoRefused(
            f"{folder}: no car to show. Put a manifest.csv there, or one folder of photos for each car, "
            'named after it: "2012 Skoda Octavia".'
        )
    count = listings_count(asked=asked, cars=len(cars), named=f"cars in {folder} that the catalogue knows")
    words = cars_file()["on_photos"]
    return [_offer(number, car, words) for number, car in enumerate(_mixed(cars)[:count])]


def _offer(number: int, car: PhotographedCar, words: dict[str, Sequence[str]]) -> Offer:
    said: Estimate = estimate(car.car_model, year=car.year, seed=car.name)
    fitting = words["electric" if said.fuel == Fuel.ELECTRIC else "words"]
    return Offer(
        make=str(car.car_model.make),
        model=car.car_model.name,
        words=fitting[number % len(fitting)],
        pictures=tuple(Picture(path.name, path.read_bytes) for path in car.photos),
        **said._asdict(),
    )


def _mixed(cars: Iterable[PhotographedCar]) -> list[PhotographedCar]:
    """One car of each make, then a second one of each, so that no page is full of one make."""
    makes: dict[int, list[PhotographedCar]] = defaultdict(list)
    for car in sorted(cars, key=lambda car: (-len(car.photos), car.name)):
        makes[car.car_model.make_id].append(car)
    return [car for car in chain.from_iterable(zip_longest(*makes.values())) if car is not None]


def _of_manifest(path: Path) -> list[PhotographedCar]:
    """The manifest's cars with at least one exterior photo."""
    vehicles = defaultdict(list)
    for row in manifest_read(path):
        if row.exterior or row.kind == INTERIOR:
            vehicles[row.vehicle].append(row)
    found = catalogue_resolve_many((row.make, row.model) for rows in vehicles.values() for row in rows)
    cars = []
    for name, rows in vehicles.items():
        car_model = found[rows[0].make, rows[0].model].car_model
        outside = sorted((row for row in rows if row.exterior), key=lambda row: not row.view.startswith("front"))
        if car_model is None or not outside:
            continue
        inside = [row for row in rows if not row.exterior]
        years = [int(row.year) for row in rows if YEAR.fullmatch(row.year)]
        shown = [*outside[:OUTSIDE], *inside[:INSIDE]]
        cars.append(PhotographedCar(name, car_model, years[0] if years else None, tuple(row.path for row in shown)))
    return cars


def _of_folders(folder: Path) -> Iterator[PhotographedCar]:
    """The cars of subfolders named after make and model. Raises DemoRefused if not a folder."""
    if not folder.is_dir():
        raise DemoRefused(f"{folder}: is not a folder.")
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        photos = photos_in(path)[: OUTSIDE + INSIDE]
        named = _named(path.name)
        if photos and named:
            yield PhotographedCar(path.name, *named, tuple(photos))


def _named(text: str) -> tuple[CarModel, int | None] | None:
    """Model and year from a folder's name; None if it names no car.

    What looks like a year may be a model: Peugeot 2008.
    """
    for year in YEAR.finditer(text):
        found = car_find(f"{text[: year.start()]} {text[year.end() :]}")
        if found and found[1]:
            return found[1], int(year.group())
    found = car_find(text)
    return (found[1], None) if found and found[1] else None
