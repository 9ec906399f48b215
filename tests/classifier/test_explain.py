"""The heat map, with a fake network of which one knows where it looks."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from classifier.artefact import NEVER, ArtefactSpec, CropRule, Preprocessing
from classifier.attributes import PhotoAttributes
from classifier.classify import MakeModelClassifier
from classifier.detect import Detection
from classifier.explain import CELLS, NothingToExplainError, heat_map
from classifier.recognise import NoCropError, Recogniser
from classifier.taxonomy import Candidate
from tests.classifier.conftest import CLASSES

SPEC = ArtefactSpec(
    task="classifier",
    backbone="none",
    preprocessing=Preprocessing(input_size=64, crop=CropRule(margin=0.1)),
    classes=CLASSES,
)
CAR = (100, 50, 500, 350)


class Corners:
    """Takes brightness at the top right for the Audi A4, and at the bottom left for either 3
    Series."""

    name = "fake"
    batch = 16

    def __init__(self):
        self.batches = []

    def infer(self, batch, *, mirrored=False):
        self.batches.append(len(batch))
        half = batch.shape[-1] // 2
        logits = np.zeros((len(batch), len(CLASSES)), dtype=np.float32)
        logits[:, 3] = 80 * (batch[:, :, :half, half:] > 0).mean(axis=(1, 2, 3))
        logits[:, 0] = logits[:, 1] = 40 * (batch[:, :, half:, :half] > 0).mean(axis=(1, 2, 3))
        return logits


class Sees:
    """Detector and attribute classifier in one: a vehicle, or none, on a photo of this kind."""

    input_size = 64
    body_threshold = NEVER

    def __init__(self, *, kind="exterior", box=CAR):
        self.kind, self.box = kind, box

    def detect(self, inputs, sizes):
        return [[Detection(self.box, 0.9)] if self.box else [] for _ in inputs]

    def prepare(self, image):
        return np.zeros((3, 64, 64), dtype=np.float32)

    def kinds(self, inputs):
        return [PhotoAttributes(self.kind, 0.9) for _ in inputs]


def recogniser(engine=None, **seen):
    sees = Sees(**seen)
    classifier = MakeModelClassifier(engine or Corners(), SPEC)
    return Recogniser(detector=sees, attribute_classifier=sees, classifier=classifier, spec=SPEC, version="fake-0")


@pytest.fixture
def photo():
    """A dark photo; the car's crop is (60, 20, 540, 380), bright in one spot at its top right,
    another bottom left."""
    picture = Image.new("RGB", (640, 400), "black")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((420, 65, 480, 110), fill="white")
    draw.rectangle((120, 290, 180, 335), fill="white")
    return picture


def test_the_heat_is_highest_where_the_evidence_is(photo):
    engine = Corners()
    found = heat_map(recogniser(engine), photo)
    assert (found.candidate.make, found.candidate.model) == ("Audi", "A4")
    assert found.box == (60, 20, 540, 380)  # the car's box and the crop rule's margin
    assert (found.heat.shape, found.heat.dtype) == ((CELLS, CELLS), np.float32)
    assert (found.heat.min(), found.heat.max()) == (0, 1)
    hottest = np.unravel_index(found.heat.argmax(), found.heat.shape)
    assert hottest == (1, 6)
    assert found.heat[:, :4].max() == 0  # what speaks for another car has no heat
    assert max(engine.batches) <= 16


def test_it_explains_the_candidate_that_is_asked_for_all_its_years_together(photo):
    found = heat_map(recogniser(), photo, candidate=Candidate("bmw", "3-series", "", 0.0))
    assert np.unravel_index(found.heat.argmax(), found.heat.shape) == (6, 1)
    with pytest.raises(ValueError, match="does not know Trabant 601"):
        heat_map(recogniser(), photo, candidate=Candidate("Trabant", "601", "", 0.0))


def test_the_same_photo_gives_the_same_map(photo):
    data = io.BytesIO()
    photo.save(data, "PNG")
    one, two = (heat_map(recogniser(), data.getvalue()) for _ in range(2))
    assert np.array_equal(one.heat, two.heat)
    assert one.cost == two.cost > 0


@pytest.mark.parametrize(
    ("seen", "status", "why"),
    [
        ({"kind": "interior"}, "not_usable", "the photo is an interior shot"),
        ({"kind": "detail"}, "not_usable", "the photo is a detail shot"),
        ({"kind": "other"}, "not_usable", "there is no car on the photo"),
        ({"box": None}, "no_vehicle", "no vehicle was found on the photo"),
    ],
)
def test_a_photo_without_a_car_is_refused_with_the_reason(photo, seen, status, why):
    with pytest.raises(NoCropError, match=why) as refused:
        heat_map(recogniser(**seen), photo)
    assert refused.value.status == status


def test_an_unreadable_photo_is_refused_with_the_reason():
    with pytest.raises(NoCropError, match="the photo is unreadable: not a photo in a format") as refused:
        heat_map(recogniser(), b"no photo")
    assert refused.value.status == "unreadable"


def test_no_noise_is_shown_where_no_part_decides():
    with pytest.raises(NothingToExplainError, match="no single part of the car decides"):
        heat_map(recogniser(), Image.new("RGB", (640, 400), "gray"))


def test_a_patch_must_fit(photo):
    with pytest.raises(ValueError, match="a patch of 5 cells on a map of 4"):
        heat_map(recogniser(), photo, cells=4, patch=5)
