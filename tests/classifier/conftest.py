"""Small real artefacts: random weights where only the machinery matters, the COCO teacher where
boxes must be right."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from django.conf import settings
from safetensors.torch import load_file

from classifier.artefact import (
    Artefact,
    ArtefactSpec,
    CropRule,
    Head,
    Preprocessing,
    TrainedClass,
    artefact_only,
    artefact_write,
)
from classifier.engines.networks import classification_network, last_prefix
from classifier.engines.openvino_engine import irs_cached
from classifier.engines.yolo import detection_network
from classifier.recognise import WEIGHTS

CLASSES = (
    TrainedClass("BMW", "3 Series", "2012"),
    TrainedClass("BMW", "3 Series", "2008"),
    TrainedClass("BMW", "X5"),
    TrainedClass("Audi", "A4", "2010"),
)
COCO_VEHICLES = {2: "car", 5: "bus", 7: "truck"}


@pytest.fixture(scope="session")
def exteriors(car_photos) -> list[Path]:
    """Forty whole-frame exterior photos of advertisements."""
    folder = car_photos / "advertisements"
    with (folder / "manifest.csv").open() as file:
        return [folder / row["file"] for row in csv.DictReader(file) if row["kind"] == "exterior"][:40]


def tiny_classifier(parent: Path, *, seed: int = 0, **changes: object) -> Artefact:
    torch.manual_seed(seed)
    network = classification_network("test_efficientnet", outputs=len(CLASSES), hidden=changes.get("head_hidden", ()))
    with torch.no_grad():
        network.get_submodule(last_prefix(network)[:-1]).weight.mul_(
            20
        )  # random features hardly differ: make the answers do so
    spec = ArtefactSpec(
        task="classifier",
        backbone="test_efficientnet",
        preprocessing=Preprocessing(input_size=96, crop=CropRule(margin=0.05)),
        classes=CLASSES,
        temperature=1.5,
        **changes,
    )
    return artefact_write(parent=parent, name="tiny", spec=spec, state_dict=network.state_dict())


def constant_attributes(parent: Path, kind: str, heads: tuple[Head, ...] = ()) -> Artefact:
    """A usable-photo network that says `kind` of every photo, and of each head the first label."""
    torch.manual_seed(0)
    labels = ("exterior", "interior", "detail", *(["other"] if kind == "other" else []))  # older ones know three
    said = [label == kind for label in labels] + [label == head.labels[0] for head in heads for label in head.labels]
    network = timm.create_model("test_efficientnet", num_classes=len(said))
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.copy_(torch.tensor([9.0 if one else 0.0 for one in said]))
    spec = ArtefactSpec(
        task="usable",
        backbone="test_efficientnet",
        preprocessing=Preprocessing(input_size=64),
        labels=labels,
        heads=heads,
    )
    return artefact_write(parent=parent, name="judge", spec=spec, state_dict=network.state_dict())


def random_detector(parent: Path, *, confidence: float) -> Artefact:
    """An untrained YOLO: sees vehicles everywhere at confidence 0, none at 1."""
    torch.manual_seed(0)
    spec = ArtefactSpec(
        task="detector",
        backbone="yolo11n.yaml",
        preprocessing=Preprocessing(input_size=160),
        labels=("vehicle",),
        detect_confidence=confidence,
    )
    weights = detection_network("yolo11n.yaml", labels=1).state_dict()
    return artefact_write(parent=parent, name="detector", spec=spec, state_dict=weights)


def teacher(parent: Path, car_photos: Path) -> Artefact:
    spec = ArtefactSpec(
        task="detector",
        backbone="yolo11n.yaml",
        preprocessing=Preprocessing(input_size=416),
        labels=tuple(COCO_VEHICLES.get(i, f"coco-{i}") for i in range(80)),
    )
    weights = load_file(car_photos / "weights" / "yolo11n_coco_fp16.safetensors")
    return artefact_write(parent=parent, name="teacher", spec=spec, state_dict=weights)


@pytest.fixture(scope="session")
def ir_cache() -> Path:
    """Converted networks by content, which all tests and all their processes share."""
    return Path(settings.ENGINE_CACHE_DIR)


@pytest.fixture(scope="session")
def convert(ir_cache) -> Callable[..., list[Path]]:
    """``convert(artefact, …)`` puts them into ir_cache.

    A process that has loaded torch does it in a third of the time that a child takes.
    """
    return lambda *artefacts: irs_cached(artefacts, ir_cache, here=True)


@pytest.fixture(scope="session")
def shipped_converted(ir_cache, convert) -> Path:
    """ir_cache, with what a training needs of the shipped weights."""
    convert(*(artefact_only(WEIGHTS / task) for task in ("detector", "usable")))
    return ir_cache


@pytest.fixture(scope="session")
def classifier(tmp_path_factory, convert) -> Artefact:
    artefact = tiny_classifier(tmp_path_factory.mktemp("classifier"))
    convert(artefact)
    return artefact


@pytest.fixture(scope="session")
def weights_of(tmp_path_factory, convert) -> Callable[..., Path]:
    """A weights folder whose attribute network says `kind` of every photo, and whose detector sees
    a vehicle or none."""
    made: dict[tuple[str, bool], Path] = {}

    def make(kind: str = "exterior", *, sees_vehicle: bool = True) -> Path:
        if (kind, sees_vehicle) not in made:
            folder = tmp_path_factory.mktemp("weights")
            convert(
                constant_attributes(folder / "usable", kind),
                random_detector(folder / "detector", confidence=0.0 if sees_vehicle else 1.0),
            )
            made[kind, sees_vehicle] = folder
        return made[kind, sees_vehicle]

    return make
