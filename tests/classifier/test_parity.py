"""OpenVINO against torch in float32, on real photos: the same boxes and the same answers."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from classifier.artefact import artefact_only
from classifier.detect import Detector, the_car
from classifier.engines import engine_open
from classifier.preprocess import decode, letterbox
from classifier.recognise import WEIGHTS, Recogniser
from classifier.training.data.manifest import manifest_read
from tests.classifier.conftest import teacher


def overlap(a, b) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(high, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_the_detector_finds_the_same_cars_in_both_engines(exteriors, car_photos, convert, ir_cache, tmp_path):
    artefact = teacher(tmp_path, car_photos)
    convert(artefact)
    photos = [decode(path) for path in exteriors]
    inputs = [letterbox(photo.image, 416, photo.full_size) for photo in photos]
    found = []
    for name in ("openvino", "torch"):
        engine = engine_open(artefact, engine=name, device="cpu", cache_dir=ir_cache)
        boxes = Detector(engine, artefact.spec).detect(inputs, [photo.full_size for photo in photos])
        found.append([the_car(one) for one in boxes])
    assert sum(one is not None for one in found[0]) >= 0.95 * len(exteriors)
    for ours, theirs in zip(*found, strict=True):
        assert (ours is None) == (theirs is None)
        if ours and theirs:
            assert overlap(ours.box, theirs.box) > 0.98
            assert abs(ours.confidence - theirs.confidence) < 0.01


def test_the_shipped_weights_answer_alike_in_both_engines(exteriors, shipped_photo, shipped_converted, ir_cache):
    alike([*exteriors, shipped_photo], ir_cache)


@pytest.mark.slow
def test_the_shipped_weights_answer_alike_on_five_hundred_photos(car_photos, ir_cache):
    alike(five_hundred(car_photos), ir_cache)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU: make test-cuda")
def test_a_gpu_answers_five_hundred_photos_as_the_cpu_does(car_photos, ir_cache):
    alike(five_hundred(car_photos), ir_cache, engines=(("openvino", "cpu"), ("torch", "cuda")))


def five_hundred(car_photos):
    photos = []
    for name in ("stanford_cars", "advertisements"):
        rows = manifest_read(car_photos / name)
        photos += random.Random(0).sample([row.path for row in rows if row.kind in {"", "exterior"}], 250)
    return photos


def alike(photos, ir_cache, *, engines=(("openvino", "cpu"), ("torch", "cpu"))):
    """Both engines, the same photos: the same fate of each, the same first model on 99 %,
    confidences within 0.02."""
    missing = [task for task in ("detector", "usable", "classifier") if not any(Path(WEIGHTS / task).glob("*-*"))]
    if missing:
        pytest.skip(f"no shipped weights for {', '.join(missing)}")
    folder = artefact_only(WEIGHTS / "classifier").folder
    answers = []
    for name, device in engines:
        recogniser = Recogniser.open(classifier=folder, engine=name, device=device, cache_dir=ir_cache)
        answers.append(recogniser.recognise(photos))
        recogniser.close()
    assert np.mean([a.status == b.status for a, b in zip(*answers, strict=True)]) >= 0.99
    pairs = zip(*answers, strict=True)
    both = [(a, b) for a, b in pairs if a.log_probs is not None and b.log_probs is not None]
    assert len(both) >= 0.8 * len(photos)
    same = [a.candidates[0].model == b.candidates[0].model for a, b in both]
    assert np.mean(same) >= 0.99
    assert max(np.abs(np.exp(a.log_probs) - np.exp(b.log_probs)).max() for a, b in both) < 0.02
