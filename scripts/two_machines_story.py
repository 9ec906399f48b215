"""The people of scripts/two_machines.sh, who use the web machine: its environment is theirs.

`sell URL`, `manifest`, `order`, `promote VERSION` and `serves URL VERSION`; each ends with 0 if
everything was as it should be.
"""

import os
import random
import sys
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 600
"""For the worker, which may convert its networks first."""


def wait_until(holds, what):
    deadline = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"In vain: {what}")
        time.sleep(1)
    print(f"   {what}", flush=True)


def photos_of_a_car():
    from classifier.training.data.manifest import manifest_read

    rows = manifest_read(Path(os.environ["CAR_PHOTOS"]) / "advertisements")
    cars = {}
    for row in rows:
        if row.split == "val" and row.make and row.kind == "exterior":
            cars.setdefault(row.vehicle, []).append(row)
    return max(cars.values(), key=lambda car: (min(len(car), 3), car[0].vehicle))[:3]


def sell(url):
    from marketplace.accounts.models import User
    from marketplace.catalogue.selectors import catalogue_resolve
    from marketplace.listings.models import Listing
    from marketplace.listings.services import listing_create, listing_submit, listing_update
    from marketplace.moderation.services import decision_make
    from marketplace.photos.models import Photo
    from marketplace.photos.services import photo_add

    seller = User.objects.create_user(email="seller@two.example", password="not used")
    moderator = User.objects.create_user(email="moderator@two.example", password="not used", is_moderator=True)
    listing = listing_create(seller=seller)
    rows = photos_of_a_car()
    for row in rows:
        photo_add(listing=listing, data=row.path.read_bytes(), filename=row.file)
    waiting = Photo.objects.filter(listing=listing).exclude(status=Photo.Status.DONE)
    wait_until(lambda: not waiting.exists(), f"{len(rows)} photos were recognised on the worker machine")
    car = catalogue_resolve(make=rows[0].make, model=rows[0].model).car_model
    values = {
        "make": car.make, "car_model": car, "year": 2015, "mileage_km": 80_000, "price": Decimal(9000),
        "currency": "EUR", "fuel": "petrol", "gearbox": "manual", "place": "Brno",
    }  # fmt: skip
    listing.refresh_from_db()
    listing_update(listing=listing, values=values, pointed_at=tuple(values))
    listing = listing_submit(listing=listing, by=seller)
    listing.refresh_from_db()
    if listing.status == Listing.Status.SUBMITTED:
        decision_make(listing=listing, moderator=moderator, action="correct", make=car.make, car_model=car)
    photo = Photo.objects.filter(listing=listing).first()
    for address in (f"/cars/{listing.code}/", photo.card.url):
        with urllib.request.urlopen(url + address, timeout=20) as answer:  # noqa: S310  # this machine's
            if answer.status != 200:
                sys.exit(f"{address}: {answer.status}")
    print(f"   {car} is on sale, with its pictures from the store", flush=True)


def manifest():
    """A few classes, so that the training takes a minute; where both machines may read it."""
    from classifier.training.data.manifest import manifest_read, manifest_write
    from classifier.training.data.split import split_of

    rows = [row for row in manifest_read(Path(os.environ["CAR_PHOTOS"]) / "stanford_cars") if row.make == "Audi"]
    random.Random(1).shuffle(rows)  # noqa: S311  # no secret
    train = [row for row in rows if split_of(row) == "train"][:40]
    held_out = [row for row in rows if split_of(row) != "train"][:30]
    path = Path(os.environ["VAR_DIR"]).parent / "manifest" / "manifest.csv"
    manifest_write(path, [*train, *held_out])
    print(path)


def order():
    """An operator orders a training here; another machine does it. Its version is the last line."""
    from marketplace.accounts.models import User
    from marketplace.training.models import TrainingOrder, TrainingRun
    from marketplace.training.orders.services import order_start

    operator = User.objects.create_superuser(email="operator@two.example", password="not used")
    asked = order_start(
        recipe="quick", decisions=True, manifest="lot.csv", max_minutes=30, promote="never", by=operator
    )
    wait_until(lambda: not TrainingOrder.objects.filter(pk=asked.pk, is_open=True).exists(), "the training is over")
    asked.refresh_from_db()
    run = TrainingRun.objects.filter(order=asked).select_related("version").first()
    if asked.status != "done" or run is None or run.version is None:
        sys.exit(f"The training is {asked.status}: {asked.error}")
    print(run.version.version)


def promote(version):
    """After so short a training it may have missed a gate: the operator overrides that."""
    from marketplace.accounts.models import User
    from marketplace.training.promotion.services import promote as let_serve

    operator = User.objects.get(email="operator@two.example")
    let_serve(version=version, by=operator, reason="two machines", force=True)


def serves(_url, version):
    from marketplace.photos.models import Photo, Prediction
    from marketplace.photos.services import photo_add

    (row, *_) = photos_of_a_car()

    def answered_by_it():
        photo = photo_add(listing=None, data=row.path.read_bytes(), filename=row.file)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not Photo.objects.filter(pk=photo.pk, status="done").exists():
            time.sleep(0.5)
        return Prediction.objects.filter(photo=photo, model_version__version=version).exists()

    wait_until(answered_by_it, f"{version} was fetched from the store and serves")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "marketplace.settings"
    django.setup()
    {"sell": sell, "manifest": manifest, "order": order, "promote": promote, "serves": serves}[sys.argv[1]](
        *sys.argv[2:]
    )
