"""`manage.py demo`: it fills an empty site through the services that its pages call."""

import csv
import io
import json
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from classifier.artefact import ArtefactSpec, Preprocessing, Thresholds, TrainedClass, artefact_write
from marketplace.accounts.models import User
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.rejections import IMPLAUSIBLE
from marketplace.moderation.models import Decision
from marketplace.moderation.selectors import queue
from marketplace.operations import setup
from marketplace.operations.demo import drawings
from marketplace.operations.demo.photos import offers_photographed
from marketplace.operations.demo.plan import NOT_FOR_SALE, Fate, cars_file, fates, offers_drawn
from marketplace.operations.demo.prices import estimate
from marketplace.photos.models import Photo
from marketplace.photos.recognition import worker
from tests.commands.conftest import manage  # noqa: F401  # fixture
from tests.factories import CarModelFactory, ListingFactory
from tests.photos.conftest import rings, said  # noqa: F401  # fixtures

Status = Listing.Status
CARS = {"red": "Skoda Octavia", "green": "Skoda Fabia", "blue": "Volvo V70"}


class FakeRecogniser:
    """Recognises the three cars by the colour of their photos, and is unsure of all others."""

    engine = "fake"
    body_threshold = 0.8
    colour_threshold = 0.8
    say = None

    @classmethod
    def open(cls, **_):
        return cls()

    def close(self):
        pass

    def recognise(self, photos):
        return [self._one(data) for data in photos]

    def _one(self, data):
        level = ImageStat.Stat(Image.open(io.BytesIO(data)).convert("RGB")).mean
        sure = [0.98 if part > 150 and sum(level) < 350 else 0.01 for part in level]
        return FakeRecogniser.say(*(sure if max(sure) > 0.5 else [0.4, 0.3, 0.3]))


@pytest.fixture
def site(db, settings, tmp_path, monkeypatch, rings, said):  # noqa: F811
    """A site that is only migrated, with a starter that knows three cars."""
    import torch

    spec = ArtefactSpec(
        task="classifier",
        backbone="none",
        preprocessing=Preprocessing(input_size=32),
        classes=tuple(TrainedClass(*name.split()) for name in CARS.values()),
        thresholds=Thresholds(model=0.9, make=0.9),
    )
    artefact_write(
        parent=tmp_path / "weights" / "classifier", name="first", spec=spec, state_dict={"head": torch.zeros(1)}
    )
    settings.DEBUG = True  # Django's tests turn it off
    settings.VAR_DIR = tmp_path
    settings.ARTEFACTS_DIR = tmp_path / "artefacts"
    settings.STARTER_WEIGHTS_DIR = tmp_path / "weights"
    settings.RECOGNISER = f"{__name__}.FakeRecogniser"
    FakeRecogniser.say = staticmethod(said)
    monkeypatch.setattr(worker, "_serving", None)
    monkeypatch.setattr(drawings, "FINER", 1)  # faster, and still a drawing


def picture(path, colour, number=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64 + number, 48), colour).save(path)


@pytest.fixture
def folder(tmp_path):
    """Folders of 15 cars, of one with a broken photo, of no car, and of a car without photos."""
    lot = tmp_path / "lot"
    for number in range(15):
        colour = list(CARS)[number % 3]
        picture(lot / f"{number + 2005} {CARS[colour]}" / "1.png", colour, number)
    picture(lot / "2020 Peugeot 2008" / "1.png", "white")
    (lot / "2020 Peugeot 2008" / "1.png").write_bytes(b"not a picture")
    picture(lot / "holiday" / "beach.png", "white")
    (lot / "2011 Skoda Yeti").mkdir()
    return lot


def by_status():
    return {status: list(Listing.objects.filter(status=status, revises=None)) for status in Status}


def test_an_empty_site_gets_drawn_cars_in_every_state(site, manage):  # noqa: F811
    ran = manage("demo", "--listings", len(Fate), "--json")
    assert ran.code == 0, ran.err
    listings = by_status()
    assert {status for status, found in listings.items() if found} == set(Status) - {Status.TAKEN_DOWN}
    assert ran.document["listings"] == {status: len(found) for status, found in listings.items() if found}
    for listing in Listing.objects.all():
        listing.full_clean()
        assert listing.photos.count() == 2
        assert listing.photos.filter(status=Photo.Status.DONE, predictions__isnull=False).count() == 2
        assert NOT_FOR_SALE in listing.description or listing.status == Status.DRAFT
    assert {listing.lowered_from is None for listing in listings[Status.LIVE]} == {True, False}
    assert all(listing.changes.exists() for listing in Listing.objects.all())
    (rejected,) = listings[Status.REJECTED]
    assert rejected.reject_reason == IMPLAUSIBLE
    assert rejected.mileage_km < 1000  # the reason of the rejection
    # Four wait, each for another reason. The recogniser is unsure of drawings, so no listing is
    # contradicted.
    assert [one["code"] for one in ran.document["queue"]] == [listing.code for listing in queue()]
    reasons = " ".join(one["reason"] for one in ran.document["queue"])
    assert "% sure that it is a Škoda Octavia" in reasons
    assert "the seller's own word" in reasons
    assert "a change of a car that is on sale" in reasons
    assert Listing.objects.get(revises__isnull=False).revises in listings[Status.LIVE]
    actions = set(Decision.objects.values_list("action", flat=True))
    assert actions == {"accept", "correct", "reject", "changes"}
    # The first seller has all the listings, and no password is in the output.
    assert set(Listing.objects.values_list("seller__email", flat=True)) == {"seller@example.org"}
    kept = [account for file in ran.document["accounts_files"] for account in json.loads(Path(file).read_text())]
    assert User.objects.count() == len(kept) > 2
    assert not any(account["password"] in ran.out for account in kept)

    again = manage("demo")
    assert again.code == 2
    assert f"it has {len(Fate)} listings" in again.line
    assert "start another with a new VAR_DIR" in again.line


def test_a_public_site_is_asked_for_and_gets_cars_from_a_folder_for_each(site, folder, manage, settings):  # noqa: F811
    settings.DEBUG = False
    ran = manage("demo", "--photos", folder)
    assert ran.code == 2
    assert "--in-production" in ran.line
    assert not User.objects.exists()

    ran = manage("demo", "--photos", folder, "--in-production")
    assert ran.code == 0, ran.err
    assert Listing.objects.filter(revises=None).count() == 16  # without the holiday and the car without photos
    assert {status for status, found in by_status().items() if found} == set(Status) - {Status.TAKEN_DOWN}
    actions = set(Decision.objects.values_list("action", flat=True))
    # The policy's as well: the recogniser is sure of these photos.
    assert actions == {"accept", "correct", "reject", "changes", "auto"}
    (doubted,) = Listing.objects.filter(other_model="").filter(contradicts__isnull=False)
    assert doubted.status == Status.SUBMITTED
    assert f"{doubted.code}  {doubted.title}: {doubted.contradiction.removesuffix('.')}\n" in ran.out
    assert Listing.objects.filter(make__name="Volvo", year=2007).exists()
    # The refused photo is reported, and its car cannot be submitted.
    assert "refused: 1.png: This file is" in ran.out
    assert Listing.objects.get(car_model__name="2008").status == Status.DRAFT
    password = json.loads(setup.demo_accounts_file().read_text())[0]["password"]
    assert password in ran.out


def test_a_manifest_names_them_and_shows_the_outside_first(site, tmp_path):
    setup.catalogue_load()
    names = ["in.png", "out.png", "front.png", "detail.png", "alone.png", "nobody.png"]
    for number, name in enumerate(names):
        picture(tmp_path / "lot" / name, "red", number)
    rows = [
        ("in.png", "skoda", "octavia", "2012", "a", "interior", ""),
        ("out.png", "skoda", "octavia", "2012", "a", "exterior", "rear"),
        ("front.png", "skoda", "octavia", "2012", "a", "", "front-left"),
        ("detail.png", "skoda", "octavia", "2012", "a", "detail", ""),
        ("alone.png", "volvo", "v70", "", "b", "", ""),
        ("nobody.png", "nobody", "knows", "", "c", "", ""),
    ]
    for number in range(14):
        picture(tmp_path / "lot" / f"{number}.png", "green", number)
        rows.append((f"{number}.png", "skoda", "fabia", "", f"f{number}", "exterior", ""))
    with (tmp_path / "lot" / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "make", "model", "year", "vehicle", "kind", "view"), *rows])
    offers = offers_photographed(folder=tmp_path / "lot", asked=None)
    assert len(offers) == 16
    assert [(offer.make, offer.model) for offer in offers[:2]] == [("Škoda", "Octavia"), ("Volvo", "V70")]
    assert [picture.name for picture in offers[0].pictures] == ["front.png", "out.png", "in.png"]
    assert offers[0].year == 2012
    assert 1996 <= offers[1].year <= 2016


def test_it_refuses_in_one_line_what_cannot_become_a_site(site, manage, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(setup, "catalogue_load", lambda: None)
    CarModelFactory(make__name="Škoda", name="Fabia")
    (tmp_path / "empty").mkdir()
    picture(tmp_path / "few" / "Skoda Fabia" / "1.png", "red")
    for words, why in (
        (["--listings", 3], "--listings 3: too few. 15 show every state once."),
        (["--listings", 500], "--listings 500 is too many: there are 40 cars to draw"),
        (["--photos", "/nowhere"], "/nowhere: is not a folder."),
        (["--photos", tmp_path / "empty"], "no car to show. Put a manifest.csv there, or one folder of photos for"),
        (["--photos", tmp_path / "few"], "There are 1 cars in"),
        ([], "The catalogue has no Škoda Octavia any more; bring it back: python manage.py catalogue_load"),
    ):
        ran = manage("demo", *words)
        assert ran.code == 2
        assert why in ran.line
    assert not Listing.objects.exists()
    assert not User.objects.exists()


def test_an_interrupted_one_leaves_a_site_that_works_and_the_next_says_so(
    site, folder, manage, monkeypatch  # noqa: F811
):  # fmt: skip
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("marketplace.operations.demo.services.recognise_waiting", interrupted)
    assert manage("demo", "--photos", folder).code == 130
    listing = Listing.objects.get()
    listing.full_clean()
    assert listing.photos.count() == 1
    again = manage("demo", "--photos", folder)
    assert again.code == 2
    assert "it has 1 listing, perhaps of a demo that was interrupted" in again.line


def test_an_empty_site_says_on_start_how_to_fill_it(site, settings, alice):
    settings.VAR_DIR = settings.BASE_DIR / "var"
    assert setup.empty_site_hint() == "Empty site: fill it with examples: .venv/bin/python manage.py demo"
    settings.VAR_DIR = settings.BASE_DIR / "another var"
    assert f"examples: VAR_DIR='{settings.VAR_DIR}' .venv/bin/python" in setup.empty_site_hint()
    ListingFactory(seller=alice)
    assert setup.empty_site_hint() == ""


def test_all_drawn_cars_are_in_the_catalogue_and_can_be_drawn(catalogue):
    cars = cars_file()["car"]
    for car, offer in zip(cars, offers_drawn(asked=len(cars)), strict=True):
        found = catalogue_resolve(make=car["make"], model=car["model"])
        assert (str(found.make), str(found.car_model)) == (car["make"], car["model"])
        assert found.car_model.first_year <= car["year"] <= (found.car_model.last_year or 2026)
        assert car["colour"] in drawings.COLOURS
        assert offer.fuel in Listing.Fuel
        assert offer.gearbox in Listing.Gearbox
        assert 5_000 < offer.price < 50_000
    assert {car["body"] for car in cars} == set(Listing.Body) - {Listing.Body.OTHER}


def test_each_fate_comes_once_before_any_comes_twice():
    assert set(fates(len(Fate))) == set(Fate)
    assert fates(40).count(Fate.LIVE) > 20


@pytest.mark.parametrize("body", sorted(set(Listing.Body) - {Listing.Body.OTHER}))
def test_a_drawing_is_marked_as_one(monkeypatch, body):
    def contrast(**how):
        picture = Image.open(io.BytesIO(drawings.drawing(body=body, colour="red", **how)))
        assert picture.size == drawings.SIZE
        darkest, lightest = picture.crop((40, 880, 300, 925)).convert("L").getextrema()
        return lightest - darkest

    monkeypatch.setattr(drawings, "FINER", 1)
    assert contrast() > 120  # letters on a plate
    assert contrast(mirrored=True) > 120
    monkeypatch.setattr(drawings, "_mark", lambda _: None)
    assert contrast() < 60  # only road


def test_what_is_guessed_of_a_car_fits_it(catalogue):
    for make, model, year, fuels in (
        ("Tesla", "Model 3", None, {"electric"}),
        ("Citroën", "ë-C4", None, {"electric"}),
        ("Porsche", "Taycan", 2021, {"electric"}),
        ("Mercedes-Benz", "E-Class", None, {"petrol", "diesel"}),
        ("Hyundai", "i30", 2015, {"petrol"}),
        ("Daewoo", "Lanos", None, {"petrol"}),
    ):
        car_model = catalogue_resolve(make=make, model=model).car_model
        guesses = [estimate(car_model, year=year, seed=str(seed)) for seed in range(20)]
        assert {guess.fuel for guess in guesses} <= fuels
        for guess in guesses:
            assert guess.year == year or car_model.first_year <= guess.year <= (car_model.last_year or 2100)
            assert guess.fuel != "electric" or guess.gearbox == "automatic"
            assert 900 <= guess.price < 100_000
            assert 5_000 < guess.mileage_km < 320_000

    def price(make, model, year):
        return estimate(catalogue_resolve(make=make, model=model).car_model, year=year, seed="a").price

    assert price("VW", "Golf", 2008) * 2 < price("VW", "Golf", 2021)
    assert price("VW", "Golf", 2008) < price("BMW", "7 Series", 2008)
