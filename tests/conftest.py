"""The fixed cast and the things that tests in every folder need.

alice sells and owns, bob moderates, charlie is the outsider who may do nothing with what is
alice's.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import expect

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make, MakeAlias, ModelAlias
from marketplace.catalogue.services import catalogue_load
from marketplace.listings.search.names import names_forget
from marketplace.listings.search.stock.loading import stock_forget
from marketplace.photos.likeness.kept import vectors_forget
from tests.factories import UserFactory
from tests.live_page import page  # noqa: F401  # fixture
from tests.shipped_rows import shipped_rows_write  # noqa: F401  # its signal

# Many tests compare to the last bit, start two trainings at once or expect a machine without a GPU.
# Those that are about one have a target of their own (make test-cuda). Here, because torch looks
# when it is first asked.
if os.environ.get("FORECOURT_TEST_CUDA") != "1":
    os.environ["CUDA_VISIBLE_DEVICES"] = ""

# A busy machine may take its time, over any example and any page.
expect.set_options(timeout=30_000)  # milliseconds
hypothesis_settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("patient")


# What `make test-fast` leaves out: whole sites, browsers, trainings, networks being converted.
LONG = (
    "tests/api/test_schema.py",
    "tests/browser/",
    "tests/classifier/test_engines.py",
    "tests/classifier/test_parity.py",
    "tests/classifier/test_recognise.py",
    "tests/classifier/training/evaluation/",
    "tests/classifier/training/loop/",
    "tests/classifier/training/model/",
    "tests/classifier/training/test_finish.py",
    "tests/classifier/training/test_shipped_recipes.py",
    "tests/classifier/training/test_train.py",
    "tests/classifier/training/tools/",
    "tests/commands/",
    "tests/listings/test_typing.py",
    "tests/moderation/test_keyboard.py",
    "tests/moderation/test_grid_keys.py",
    "tests/operations/benchmark/",
    "tests/operations/test_demo.py",
    "tests/operations/test_run_site.py",
    "tests/photos/test_ingest_hostile.py",
    "tests/photos/test_real_recogniser.py",
    "tests/photos/test_sell_page.py",
    "tests/reliability/",
    "tests/trade/test_story.py",
    "tests/training/",
)
# Fixtures without which pytest-django lets nobody near the database.
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "django_db_reset_sequences", "live_server"}
# Tests that start processes on the database that DATABASE_URL names.
ON_DATABASE_URL = ("tests/browser/", "tests/operations/backup/", "tests/reliability/")


@pytest.hookimpl(tryfirst=True)  # before pytest itself chooses by marks
def pytest_collection_modifyitems(items):
    """Mark what touches the database and what takes long; files of long tests come first.

    Short files at the end keep all processes busy until the end.
    """
    root = Path(__file__).resolve().parent.parent
    for item in items:
        path = item.path.relative_to(root).as_posix()
        if path.startswith(LONG):
            item.add_marker(pytest.mark.long)
        touches = DATABASE_FIXTURES.intersection(item.fixturenames) or item.get_closest_marker("django_db")
        if touches or path.startswith(ON_DATABASE_URL):
            item.add_marker(pytest.mark.database)
    place = {item.path: number for number, item in reversed(list(enumerate(items)))}
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: (item.path not in long, place[item.path]))


def pytest_report_header():
    from django.conf import settings

    photos = os.environ.get("CAR_PHOTOS", "not set: tests that need real photos are skipped")
    return [f"database: {settings.DATABASES['default']['ENGINE']}", f"CAR_PHOTOS: {photos}"]


@pytest.fixture(autouse=True)
def only_marked_tests_know_the_database(request, monkeypatch):
    """Processes that other tests start see no address; in this process pytest-django stops them.

    So a second database learns nothing from a test without the mark, see `make test-database`.
    """
    if request.node.get_closest_marker("database") is None:
        monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture(autouse=True)
def fresh_cache():
    """No test inherits another's rate limits, nor what was kept of rows that were rolled back."""
    cache.clear()
    names_forget()
    stock_forget()
    vectors_forget()


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Files of each test go to a folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def alice(db) -> User:
    """A seller."""
    return UserFactory(email="alice@example.org")


@pytest.fixture
def bob(db) -> User:
    """A moderator."""
    return UserFactory(email="bob@example.org", moderator=True)


@pytest.fixture
def charlie(db) -> User:
    """An outsider with an account."""
    return UserFactory(email="charlie@example.org")


@pytest.fixture
def seller(client, alice) -> Client:
    """alice's browser, signed in."""
    client.force_login(alice)
    return client


@pytest.fixture(scope="session")
def catalogue_copied(django_db_setup, django_db_blocker):
    """``catalogue_copied()`` fills the catalogue's tables; gives counts as ``catalogue_load`` does.

    The real command has filled them once, and the database kept a copy: 9,000 rows made anew for
    each test would take a second each time.
    """
    tables = [
        table
        for model in (Make, CarModel, MakeAlias, ModelAlias)  # what refers to others comes after them
        for table in (model._meta.db_table, model.history.model._meta.db_table)
    ]
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        counts = catalogue_load().as_dict()
        for table in tables:
            cursor.execute(f"CREATE TABLE copy_of_{table} AS SELECT * FROM {table}")
        for table in reversed(tables):
            cursor.execute(f"DELETE FROM {table}")

    def fill():
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"INSERT INTO {table} SELECT * FROM copy_of_{table}")
        return counts

    return fill


@pytest.fixture
def catalogue(db, catalogue_copied):
    """The project's whole catalogue; a dict of counts as ``catalogue_load`` gives them."""
    return catalogue_copied()


@pytest.fixture(scope="session")
def car_photos():
    """The folder of real photos."""
    folder = os.environ.get("CAR_PHOTOS")
    if not folder:
        pytest.skip("CAR_PHOTOS is not set: this test needs real photos")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"CAR_PHOTOS={folder} is not a folder")
    return path


@pytest.fixture(scope="session")
def shipped_photo():
    """A real photo with a vehicle in it (a bus in a street) that comes inside ultralytics: at hand
    everywhere."""
    spec = importlib.util.find_spec("ultralytics")  # found, not imported: that would bring torch into the tests
    path = Path(spec.submodule_search_locations[0]) / "assets" / "bus.jpg"
    assert path.is_file()
    return path


@pytest.fixture(scope="session")
def chromium():
    """The path of the system's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("there is no Chromium on the PATH: browser tests need one")
