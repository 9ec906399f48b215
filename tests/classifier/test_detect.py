import os

import numpy as np
from PIL import Image

from classifier.artefact import ArtefactSpec, Preprocessing
from classifier.detect import Detection, Detector, cars_shown, suppress, the_car
from classifier.engines.yolo import import_ultralytics
from classifier.preprocess import letterbox

SPEC = ArtefactSpec(
    task="detector",
    backbone="yolo11n.yaml",
    preprocessing=Preprocessing(input_size=64),
    labels=("person", "car", "truck"),
    detect_confidence=0.5,
)


class Canned:
    """An engine that always answers the same columns: x1 y1 x2 y2 person car truck."""

    name = "canned"
    batch = 16

    def __init__(self, *columns):
        self.output = np.asarray(columns, dtype=np.float32).T

    def infer(self, batch, *, mirrored=False):
        return np.stack([self.output] * len(batch))


def test_boxes_come_back_in_pixels_of_the_photo_and_only_of_vehicles():
    engine = Canned(
        [0, 16, 32, 48, 0, 0.9, 0],
        [1, 16, 32, 48, 0, 0.8, 0],  # the same car again
        [32, 16, 64, 48, 0, 0, 0.6],
        [0, 16, 64, 48, 0.9, 0.1, 0],  # a person
        [0, 16, 64, 48, 0, 0.4, 0],  # not sure enough
    )
    image = Image.new("RGB", (640, 320))
    (found,) = Detector(engine, SPEC).detect([letterbox(image, 64)], [image.size])
    assert [one.box for one in found] == [(0, 0, 320, 320), (320, 0, 640, 320)]
    assert np.allclose([one.confidence for one in found], [0.9, 0.6])


def test_a_photo_without_vehicles_and_an_empty_batch_give_nothing():
    detector = Detector(Canned([0, 0, 9, 9, 0.9, 0.1, 0.1]), SPEC)
    assert detector.detect([letterbox(Image.new("RGB", (10, 10)), 64)], [(10, 10)]) == [[]]
    assert detector.detect([], []) == []


def test_the_car_is_the_largest_vehicle_and_of_equals_the_surest():
    small, large, sure = Detection((0, 0, 5, 5), 0.9), Detection((0, 0, 20, 10), 0.6), Detection((5, 5, 15, 25), 0.7)
    assert the_car([small, large]) == large
    assert the_car([large, sure]) == sure
    assert the_car([]) is None


def test_another_car_counts_if_it_is_sure_and_of_about_the_main_ones_size():
    main, beside = Detection((0, 0, 100, 100), 0.5), Detection((100, 0, 150, 80), 0.8)
    far, doubtful = Detection((150, 0, 180, 30), 0.9), Detection((0, 100, 100, 190), 0.4)
    assert cars_shown([main]) == 1
    assert cars_shown([beside, main, far, doubtful]) == 2
    assert cars_shown([main, beside, Detection((200, 0, 280, 60), 0.7)]) == 3
    assert cars_shown([]) == 0


def test_suppression_keeps_neighbours_and_drops_repetitions():
    boxes = np.asarray([[0, 0, 10, 10], [0, 0, 10, 9], [9, 0, 19, 10], [0, 0, 0, 0]], dtype=np.float32)
    assert suppress(boxes, np.asarray([0.5, 0.9, 0.4, 0.3], dtype=np.float32)) == [1, 2, 3]


def test_importing_ultralytics_leaves_the_process_as_it_was():
    before, threads = Image.open, os.environ.get("OMP_NUM_THREADS")
    ultralytics = import_ultralytics()
    assert Image.open is before
    assert os.environ.get("OMP_NUM_THREADS") == threads
    assert ultralytics.settings["sync"] is False
    assert ultralytics.utils.ONLINE is False
