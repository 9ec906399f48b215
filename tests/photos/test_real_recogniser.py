"""The worker with the real Recogniser (tiny networks with random weights): from the upload to the
listing's verdict."""

import pytest
from PIL import Image

from marketplace.photos.models import Prediction
from marketplace.photos.recognition import worker
from marketplace.photos.services import photo_add
from marketplace.registry.services import version_promote, version_register
from tests.classifier.conftest import constant_attributes, random_detector, tiny_classifier
from tests.pictures import car_like, encode


@pytest.fixture
def tiny_site(db, settings, tmp_path, monkeypatch):
    settings.ARTEFACTS_DIR = tmp_path / "artefacts"
    settings.STARTER_WEIGHTS_DIR = tmp_path / "weights"
    settings.RECOGNISER_ENGINE = "torch"  # loaded in this process anyway; converting for OpenVINO would take 15 s
    random_detector(tmp_path / "weights" / "detector", confidence=0)
    constant_attributes(tmp_path / "weights" / "usable", "exterior")
    artefact = tiny_classifier(settings.ARTEFACTS_DIR)
    monkeypatch.setattr(worker, "_serving", None)
    version = version_register(folder=artefact.folder).version
    return version_promote(version=version, by=None, reason="test")


def test_two_photos_become_one_verdict(tiny_site, listing, rings):
    views = [car_like(), car_like().transpose(Image.Transpose.ROTATE_180)]  # one picture twice would count once
    photos = [photo_add(listing=listing, data=encode(view), filename="a.jpg") for view in views]
    assert worker.recognise_waiting() == 2
    for photo in photos:
        photo.refresh_from_db()
        assert (photo.status, photo.outcome, photo.kind) == ("done", "ok", "exterior")
        x1, y1, x2, y2 = photo.predictions.get().box
        assert 0 <= x1 < x2 <= photo.width
        assert 0 <= y1 < y2 <= photo.height
    assert Prediction.objects.filter(model_version=tiny_site).count() == 2
    listing.refresh_from_db()
    assert listing.verdict["photos_used"] == 2
    assert listing.verdict["version"] == tiny_site.version
    assert listing.verdict["make"]["name"] in {"BMW", "Audi"}
    worker._serving.recogniser.close()
