"""What `model.json` says: an artefact's description, and the check of one that was read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from classifier.photo_temperature import PIXEL_GROUPS, VIEW_GROUPS

FORMAT_VERSION = 1
NEVER = 1.01  # a threshold above every confidence

Task = Literal["classifier", "usable", "detector", "colour"]
INTERPOLATIONS = ("bilinear", "bicubic", "lanczos")


class ArtefactError(Exception):
    """An artefact cannot be read or written; the message is one clear line."""


@dataclass(frozen=True)
class TrainedClass:
    """One class of a make/model classifier."""

    make: str
    model: str
    years: str = ""
    """"2012", "2008-2012" or "" where the class says nothing of the year."""


@dataclass(frozen=True)
class CropRule:
    """How a car is cut out of a photo, in training as in serving (see preprocess.crop_box)."""

    version: int = 1
    margin: float = 0.0
    """The box grows on each side by this share of its width or height, then is clipped."""


@dataclass(frozen=True)
class Preprocessing:
    """Everything between an upright RGB photo and the network's input (see preprocess.to_input)."""

    input_size: int
    """Side of the square input in pixels; for a detector the side it is letterboxed to."""
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    interpolation: str = "bilinear"
    crop: CropRule = field(default_factory=CropRule)


@dataclass(frozen=True)
class Thresholds:
    """Confidences above which a form fills itself: the lowest within the target error."""

    model: float = NEVER
    make: float = NEVER
    body: float = NEVER


def backbones_of(backbone: str) -> list[str]:
    """The timm names in "one+another", whose networks run side by side (networks.SideBySide)."""
    return backbone.split("+")


@dataclass(frozen=True)
class Head:
    """A further question that a network answers besides its labels."""

    name: str
    labels: tuple[str, ...]
    """In the order of its outputs, which follow those of the labels and of earlier heads."""
    temperature: float = 1.0
    threshold: float = NEVER
    """As in Thresholds."""


@dataclass(frozen=True)
class ArtefactSpec:
    """What `model.json` says. Field order is the file's order."""

    task: Task
    backbone: str
    """timm's name, several joined by "+" (see backbones_of); of a detector ultralytics' yaml."""
    preprocessing: Preprocessing
    head_hidden: tuple[int, ...] = ()
    """classifier: widths of the head's layers before its last one (networks.HiddenHead)."""
    classes: tuple[TrainedClass, ...] = ()
    """classifier: output order of the head."""
    labels: tuple[str, ...] = ()
    """usable and detector: output order of the head."""
    temperature: float = 1.0
    """Logits are divided by it; fitted on held-out cars."""
    class_temperatures: tuple[float, ...] = ()
    """classifier: one per class, relative to temperature (classify.sharpened); empty: all alike."""
    pixel_temperatures: tuple[float, ...] = ()
    """classifier: relative to temperature, one per group of photo_temperature.PIXEL_LIMITS, the
    smallest cars' first; empty: all alike."""
    view_temperatures: tuple[float, ...] = ()
    """classifier: the same per group of photo_temperature.VIEW_GROUPS."""
    class_bodies: tuple[str, ...] = ()
    """classifier: per class its usual body, one of attributes.BODIES or "" (body_type.body_logits).

    Empty: the attribute classifier alone tells the body."""
    body_temperature: float = 1.0
    """classifier: of the bodies that it and the attribute classifier tell together."""
    mirrored: bool = False
    """classifier: answers are the mean over each car and its mirror image."""
    heads: tuple[Head, ...] = ()
    """usable: what else the network tells of a photo."""
    thresholds: Thresholds = field(default_factory=Thresholds)
    fusion_alpha: float = 0.5
    """How much photos of one car repeat each other: 0 not at all, 1 wholly (see fuse.fuse)."""
    detect_confidence: float = 0.25
    """detector: a box below this confidence is no vehicle."""
    metrics: dict[str, Any] = field(default_factory=dict)
    manifest_sha256: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    code_version: str = ""
    created: str = ""
    """ISO 8601, UTC; set by artefact_write when empty."""
    weights_sha256: str = ""
    """Set by artefact_write."""
    memory_sha256: str = ""
    """Of MEMORY_FILE, also set by artefact_write; "": it has none."""
    format_version: int = FORMAT_VERSION

    def outputs(self) -> int:
        """How many numbers the head gives per photo (for a detector: classes per box)."""
        if self.task == "classifier":
            return len(self.classes)
        return len(self.labels) + sum(len(head.labels) for head in self.heads)


def spec_from_json(document: object) -> ArtefactSpec:
    """Validate a parsed `model.json`; raises ArtefactError saying which field is wrong."""
    if not isinstance(document, dict):
        raise ArtefactError("not an object")
    version = document.get("format_version")
    if version != FORMAT_VERSION:
        raise ArtefactError(f"format version {version!r} is unknown here (known: {FORMAT_VERSION})")
    unknown = set(document) - {f.name for f in fields(ArtefactSpec)}
    if unknown:
        raise ArtefactError(f"unknown field {sorted(unknown)[0]!r}")
    try:
        pre = dict(document["preprocessing"])
        crop = CropRule(**pre.pop("crop"))
        preprocessing = Preprocessing(
            **{**pre, "mean": _triple(pre["mean"]), "std": _triple(pre["std"])},
            crop=crop,
        )
        values = {
            **document,
            "preprocessing": preprocessing,
            "classes": tuple(TrainedClass(**c) for c in document["classes"]),
            "labels": tuple(document["labels"]),
            "thresholds": Thresholds(**document["thresholds"]),
            "head_hidden": tuple(document.get("head_hidden", ())),
            "class_temperatures": tuple(document.get("class_temperatures", ())),
            "pixel_temperatures": tuple(document.get("pixel_temperatures", ())),
            "view_temperatures": tuple(document.get("view_temperatures", ())),
            "class_bodies": tuple(document.get("class_bodies", ())),
            "heads": tuple(Head(**{**head, "labels": tuple(head["labels"])}) for head in document.get("heads", ())),
        }
        spec = ArtefactSpec(**values)
    except KeyError as error:
        raise ArtefactError(f"field {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ArtefactError(f"malformed: {error}") from error
    _check(spec)
    return spec


def _check(spec: ArtefactSpec) -> None:
    pre = spec.preprocessing
    texts = [spec.backbone, spec.code_version, spec.created, spec.weights_sha256, spec.manifest_sha256, *spec.labels]
    texts.append(spec.memory_sha256)
    texts += [text for c in spec.classes for text in (c.make, c.model, c.years)]
    texts += spec.class_bodies
    texts += [text for head in spec.heads for text in (head.name, *head.labels)]
    numbers = [*pre.mean, *pre.std, pre.crop.margin, spec.temperature, spec.fusion_alpha, spec.detect_confidence]
    numbers += [spec.thresholds.model, spec.thresholds.make, spec.thresholds.body, *spec.class_temperatures]
    numbers += [spec.body_temperature, *spec.pixel_temperatures, *spec.view_temperatures]
    numbers += [number for head in spec.heads for number in (head.temperature, head.threshold)]
    rules = {
        "task": spec.task in get_args(Task),
        "text fields": all(isinstance(text, str) for text in texts),
        "number fields": all(_is_number(number) for number in numbers),
        "preprocessing.input_size": isinstance(pre.input_size, int) and 16 <= pre.input_size <= 4096,
        "preprocessing.interpolation": pre.interpolation in INTERPOLATIONS,
        "head_hidden": all(isinstance(width, int) and 0 < width <= 65536 for width in spec.head_hidden),
        "mirrored": isinstance(spec.mirrored, bool),
        "preprocessing.crop.version": pre.crop.version == 1,
        "metrics and recipe": isinstance(spec.metrics, dict) and isinstance(spec.recipe, dict),
    }
    _first_broken(rules)
    rules = {
        "backbone": bool(spec.backbone),
        "preprocessing.std": all(value > 0 for value in pre.std),
        "preprocessing.crop.margin": 0 <= pre.crop.margin <= 1,
        "temperature": spec.temperature > 0,
        "class_temperatures": not spec.class_temperatures or len(spec.class_temperatures) == len(spec.classes),
        "pixel_temperatures": _of_groups(spec.pixel_temperatures, PIXEL_GROUPS),
        "view_temperatures": _of_groups(spec.view_temperatures, len(VIEW_GROUPS)),
        "class_bodies": not spec.class_bodies or len(spec.class_bodies) == len(spec.classes),
        "body_temperature": spec.body_temperature > 0,
        "class_temperatures (not above 0)": all(value > 0 for value in spec.class_temperatures),
        "heads": all(head.name and head.labels and head.temperature > 0 for head in spec.heads),
        "heads (repeated)": len({head.name for head in spec.heads}) == len(spec.heads),
        "fusion_alpha": 0 <= spec.fusion_alpha <= 1,
        "classes or labels": spec.outputs() > 0,
        "classes (repeated)": len(set(spec.classes)) == len(spec.classes),
        "labels (repeated)": len(set(spec.labels)) == len(spec.labels),
    }
    _first_broken(rules)


def _of_groups(temperatures: Sequence[float], groups: int) -> bool:
    return not temperatures or (len(temperatures) == groups and all(value > 0 for value in temperatures))


def _first_broken(rules: dict[str, bool]) -> None:
    for name, holds in rules.items():
        if not holds:
            raise ArtefactError(f"{name} is not valid")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = values
    return (red, green, blue)
