"""A site whose photos and models lie in a store, with machines that share no disk."""

import boto3
import pytest
from moto.server import ThreadedMotoServer

from classifier.artefact import ArtefactError
from marketplace.moderation.services import decision_make
from marketplace.operations.health import site_health
from marketplace.photos.models import Photo
from marketplace.photos.recognition.queue import photos_claim, photos_put_back
from marketplace.photos.recognition.worker import bytes_of
from marketplace.photos.services import PhotoRejected, photo_add, photo_remove
from marketplace.photos.tidy import orphan_files_remove, photos_tidy
from marketplace.registry.models import ModelVersion
from marketplace.registry.services import version_register
from marketplace.storage import StoreAway
from marketplace.store_url import s3_options
from marketplace.training.labels.decisions import decision_rows
from tests.moderation.conftest import cars, waiting  # noqa: F401  # fixtures
from tests.photos.conftest import encoded, listing, rings  # noqa: F401  # fixtures
from tests.registry.conftest import artefact  # noqa: F401  # fixture

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def use(settings, endpoint):
    url = f"s3://cars/site?endpoint={endpoint}"
    shared = {
        name: {"BACKEND": "marketplace.s3.Store", "OPTIONS": s3_options(url, folder=folder)}
        for name, folder in (("default", "media"), ("artefacts", "artefacts"), ("runs", "runs"))
    }
    settings.STORAGES = {**settings.STORAGES, **shared}


@pytest.fixture
def store(server, settings, monkeypatch, tmp_path):
    """The store of a site, empty; its settings are those that STORE_URL makes."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    bucket = boto3.resource("s3", endpoint_url=server).create_bucket(
        Bucket="cars", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    use(settings, server)
    settings.VAR_DIR = tmp_path / "var"
    yield bucket
    bucket.objects.delete()
    bucket.delete()


def keys(bucket):
    return sorted(one.key for one in bucket.objects.all())


def test_a_photo_lives_in_the_store_is_shown_and_goes_from_it(store, listing, encoded, rings, seller):  # noqa: F811
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    assert keys(store) == [f"site/media/{photo.card.name}", f"site/media/{photo.file.name}"]
    assert photo.file.url.startswith(f"/media/{photo.file.name}?key=")  # of a draft: not for everybody
    shown = seller.get(photo.file.url)
    assert b"".join(shown.streaming_content) == bytes_of(photo)
    assert site_health()["checks"]["storage"] == "ok"
    assert orphan_files_remove() == 0
    assert photo_remove(photo=photo)
    photos_tidy()


def test_while_the_store_is_away_nothing_is_lost_and_nobody_is_blamed(store, settings, listing, encoded, rings, seller):  # noqa: F811
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    use(settings, "http://127.0.0.1:9")
    with pytest.raises(PhotoRejected) as refused:
        photo_add(listing=listing, data=encoded(width=320), filename="b.jpg")
    assert refused.value.status == 503
    assert seller.get(photo.file.url).status_code == 503
    with pytest.raises(StoreAway):  # a lost file would make the photo unreadable
        bytes_of(photo)
    for _ in range(5):
        (claimed,) = photos_claim(limit=1)
        photos_put_back(photos=[claimed])
    photo.refresh_from_db()
    assert (photo.status, photo.attempts) == ("pending", 0)
    assert site_health()["status"] == "down"


def test_another_machine_fetches_a_version_checks_it_and_keeps_it(store, settings, artefact, db, tmp_path):  # noqa: F811
    made = artefact("trained")
    version = version_register(folder=made.folder)
    settings.ARTEFACTS_DIR = tmp_path / "another machine"
    folder = ModelVersion.objects.get(pk=version.pk).folder
    assert folder == settings.ARTEFACTS_DIR / made.version
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in made.folder.iterdir()
    }
    store.objects.delete()
    assert version.folder == folder  # kept


def test_a_version_that_was_damaged_in_the_store_serves_nowhere(store, settings, artefact, db, tmp_path):  # noqa: F811
    made = artefact("trained")
    version = version_register(folder=made.folder)
    store.put_object(Key=f"site/artefacts/{made.version}/model.safetensors", Body=b"x")
    settings.ARTEFACTS_DIR = tmp_path / "another machine"
    with pytest.raises(ArtefactError, match="damaged or changed"):
        _ = version.folder
    assert list(settings.ARTEFACTS_DIR.iterdir()) == []


def test_a_training_copies_the_photos_it_needs_and_forgets_those_that_are_deleted(store, settings, waiting, bob, db):  # noqa: F811
    listing = waiting("Octavia")  # noqa: F811
    decision_make(listing=listing, moderator=bob, action="accept")
    (row,) = decision_rows()
    photo = Photo.objects.get(listing=listing)
    assert row.path.parent == settings.VAR_DIR / "photo-copies"
    assert row.path.read_bytes() == bytes_of(photo)
    photo.delete()
    photos_tidy()
    assert not row.path.exists()


def test_the_address_of_a_store_is_checked():
    options = s3_options("s3://cars/site/a?endpoint=http://127.0.0.1:9000&region=x", folder="media")
    assert options == {
        "bucket_name": "cars", "location": "site/a/media", "endpoint_url": "http://127.0.0.1:9000", "region_name": "x",
    }  # fmt: skip
    for wrong in ("http://cars", "s3://", "s3://key:secret@cars", "s3://cars?colour=red"):
        with pytest.raises(ValueError, match=r"\S"):
            s3_options(wrong, folder="media")
