import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classifier.artefact import NEVER, ArtefactError, Head
from classifier.attributes import BODIES, VIEWS
from classifier.recognise import Recogniser
from tests.classifier.conftest import CLASSES, constant_attributes, teacher
from tests.classifier.test_colour import colour_artefact

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def recogniser(classifier, weights_of, ir_cache):
    recogniser = Recogniser.open(
        classifier=classifier.folder, weights=weights_of(), engine="openvino", cache_dir=ir_cache
    )
    yield recogniser
    recogniser.close()


def test_it_recognises_a_photo_end_to_end(recogniser, shipped_photo):
    (one,) = recogniser.recognise([shipped_photo])
    assert (one.status, one.kind, one.image_size) == ("ok", "exterior", (810, 1080))
    x1, y1, x2, y2 = one.box
    assert 0 <= x1 < x2 <= 810
    assert 0 <= y1 < y2 <= 1080
    assert one.make.name in {"BMW", "Audi"}
    assert len(one.candidates) == 3  # four trained classes, two of them years of one model
    assert one.log_probs.shape == (len(CLASSES),)
    assert one.log_probs.dtype == np.float32
    assert np.exp(one.log_probs).sum() == pytest.approx(1, abs=1e-4)
    assert set(one.timings_ms) == {"decode", "detect", "usable", "classify", "total"}
    assert all(value > 0 for value in one.timings_ms.values())


def test_path_bytes_and_image_are_one_photo(recogniser, shipped_photo):
    data = shipped_photo.read_bytes()
    path, raw, image = recogniser.recognise([shipped_photo, data, Image.open(io.BytesIO(data))])
    assert path == raw
    # The open image is decoded whole, the others at half the scale: nearly the same pixels.
    assert np.abs(np.exp(path.log_probs) - np.exp(image.log_probs)).max() < 0.1


def test_bad_photos_leave_the_others_of_a_batch_alone(recogniser, shipped_photo, tmp_path):
    cut = shipped_photo.read_bytes()[:20_000]
    answers = recogniser.recognise([shipped_photo, b"no photo", tmp_path / "gone.jpg", tmp_path, cut, shipped_photo])
    assert [one.status for one in answers] == ["ok", *["unreadable"] * 4, "ok"]
    assert answers[0] == answers[5]
    assert all(one.error and "\n" not in one.error for one in answers[1:5])
    assert "no such file" in answers[2].error


def test_nothing_in_nothing_out(recogniser):
    assert recogniser.recognise([]) == []
    assert [one.status for one in recogniser.recognise([b""])] == ["unreadable"]


def test_more_photos_than_a_batch_come_back_in_order(recogniser):
    sizes = [(100 + i, 80) for i in range(2 * recogniser.batch + 3)]
    answers = recogniser.recognise([Image.new("RGB", size) for size in sizes])
    assert [one.image_size for one in answers] == sizes


@pytest.fixture(
    params=[
        ("interior", True, "not_usable"),  # an interior beats a box: detectors see cars in interiors
        ("detail", False, "not_usable"),
        ("other", True, "not_usable"),  # nor is a motorcycle in which the detector sees a car
        ("exterior", False, "no_vehicle"),
    ],
    ids=lambda case: f"{case[0]}-{case[2]}",
)
def useless(request, weights_of):
    kind, sees_vehicle, status = request.param
    return weights_of(kind, sees_vehicle=sees_vehicle), kind, status


def test_it_says_why_a_photo_is_of_no_use(classifier, useless, ir_cache, shipped_photo):
    weights, kind, status = useless
    recogniser = Recogniser.open(classifier=classifier.folder, weights=weights, engine="openvino", cache_dir=ir_cache)
    (one,) = recogniser.recognise([shipped_photo])
    assert (one.status, one.kind, one.box, one.make, one.log_probs) == (status, kind, None, None, None)
    assert one.candidates == ()
    assert recogniser.verdict([one]) is None


@pytest.mark.parametrize("kind", ["exterior", "interior"])
def test_view_and_bodies_are_told_of_usable_photos_only(
    kind, classifier, weights_of, convert, ir_cache, tmp_path, shipped_photo
):
    heads = (Head("view", VIEWS), Head("body", BODIES, threshold=0.9))
    convert(constant_attributes(tmp_path / "usable", kind, heads=heads))
    shutil.copytree(weights_of() / "detector", tmp_path / "detector")
    recogniser = Recogniser.open(classifier=classifier.folder, weights=tmp_path, engine="openvino", cache_dir=ir_cache)
    (one,) = recogniser.recognise([shipped_photo])
    assert recogniser.body_threshold == 0.9
    if kind == "exterior":
        assert (one.view.name, one.bodies[0].name, len(one.bodies)) == (VIEWS[0], BODIES[0], len(BODIES))
    else:
        assert (one.view, one.bodies) == (None, ())


def test_a_judge_without_heads_serves_on_without_view_and_body(recogniser, shipped_photo):
    (one,) = recogniser.recognise([shipped_photo])
    assert (one.status, one.view, one.bodies, recogniser.body_threshold) == ("ok", None, (), NEVER)


@pytest.mark.parametrize("kind", ["exterior", "interior"])
def test_colours_and_cars_are_told_of_usable_photos_only(
    kind, classifier, weights_of, convert, ir_cache, tmp_path, shipped_photo
):
    convert(colour_artefact(tmp_path / "colour", says="red", threshold=0.7))
    shutil.copytree(weights_of(kind), tmp_path, dirs_exist_ok=True)
    recogniser = Recogniser.open(classifier=classifier.folder, weights=tmp_path, engine="openvino", cache_dir=ir_cache)
    one, unreadable = recogniser.recognise([shipped_photo, b"no photo"])
    assert recogniser.colour_threshold == 0.7
    assert (unreadable.colours, unreadable.cars) == ((), None)
    if kind == "exterior":
        assert (one.colours[0].name, len(one.colours)) == ("red", 12)
        assert one.cars >= 1
        assert recogniser.verdict([one, one, unreadable]).colours[0].name == "red"
    else:
        assert (one.colours, one.cars) == ((), None)


def test_weights_without_colours_serve_on_without(recogniser, shipped_photo):
    (one,) = recogniser.recognise([shipped_photo])
    assert (one.colours, recogniser.colour_threshold) == ((), NEVER)
    assert one.cars >= 1
    assert recogniser.verdict([one]).colours == ()


def test_a_verdict_rests_on_the_usable_photos(recogniser, shipped_photo):
    one, bad = recogniser.recognise([shipped_photo, b"no photo"])
    verdict = recogniser.verdict([one, bad])
    assert verdict.photos_used == 1
    assert verdict.make == one.make
    assert recogniser.verdict([one, one]).photos_used == 2


def test_both_engines_recognise_alike(recogniser, classifier, weights_of, shipped_photo):
    torch_one = Recogniser.open(classifier=classifier.folder, weights=weights_of(), engine="torch", device="cpu")
    assert (recogniser.engine, torch_one.engine) == ("openvino", "torch-cpu")
    (ours,), (theirs,) = recogniser.recognise([shipped_photo]), torch_one.recognise([shipped_photo])
    assert np.abs(np.exp(ours.log_probs) - np.exp(theirs.log_probs)).max() < 0.02


def test_an_artefact_for_another_task_is_refused(weights_of, ir_cache):
    judge = next((weights_of() / "usable").iterdir())
    with pytest.raises(ArtefactError, match="is a usable artefact, a classifier is needed"):
        Recogniser.open(classifier=judge, weights=weights_of(), engine="openvino", cache_dir=ir_cache)


def test_missing_weights_are_one_clear_line(classifier, tmp_path):
    with pytest.raises(ArtefactError, match="detector must hold exactly one artefact, it holds 0"):
        Recogniser.open(classifier=classifier.folder, weights=tmp_path, engine="openvino")


@pytest.fixture(scope="module")
def alone(classifier, weights_of, tmp_path_factory, shipped_photo):
    """The answer of a process that recognises one photo without a cache, and its home folder."""
    home, cache = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("cache")
    program = f"""
import json, sys
from pathlib import Path
from classifier.recognise import Recogniser
r = Recogniser.open(classifier=Path({str(classifier.folder)!r}), weights=Path({str(weights_of())!r}),
                    engine="openvino", cache_dir=Path({str(cache)!r}))
(one,) = r.recognise([Path({str(shipped_photo)!r})])
heavy = [m for m in ("torch", "torchvision", "timm", "ultralytics", "cv2", "django") if m in sys.modules]
print(json.dumps({{"status": one.status, "heavy": heavy, "loaded": [m for m in sys.modules if sys.modules[m]]}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env={**os.environ, "HOME": str(home)}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), home


def test_serving_with_openvino_never_imports_torch(alone):
    """Not even when the cache is empty and the networks must be converted first."""
    said, _ = alone
    assert (said["status"], said["heavy"]) == ("ok", [])


def test_openvino_sends_no_telemetry_when_it_serves_and_converts(alone):
    """Its telemetry would, under a number that it keeps in the home folder."""
    said, home = alone
    assert not [name for name in said["loaded"] if name.startswith("openvino_telemetry")]
    assert not (home / "intel").exists()


@pytest.fixture
def taught(weights_of, car_photos, convert, tmp_path):
    """A weights folder with the COCO teacher as detector."""
    convert(teacher(tmp_path / "detector", car_photos))
    shutil.copytree(weights_of() / "usable", tmp_path / "usable")
    return tmp_path


def test_the_bus_is_found_where_it_is(classifier, taught, ir_cache, shipped_photo):
    recogniser = Recogniser.open(classifier=classifier.folder, weights=taught, engine="openvino", cache_dir=ir_cache)
    (one,) = recogniser.recognise([shipped_photo])
    assert np.allclose(one.box, (20, 230, 805, 745), atol=30)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_no_hostile_file_makes_it_raise(recogniser, car_photos):
    files = sorted(path for path in (car_photos / "hostile").rglob("*") if path.is_file() and path.suffix != ".csv")
    answers = recogniser.recognise(files)
    assert len(answers) == len(files)
    assert all(bool(one.error) == (one.status == "unreadable") for one in answers)
