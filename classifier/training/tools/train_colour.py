"""Train the colour classifier: the pixels of a car → its colour.

`python -m classifier.training.tools.train_colour --photos $CAR_PHOTOS --out
classifier/weights/colour`

The photos and their colours are those of training/data/colours.csv. The network keeps ImageNet's
weights; only the rule learns. Temperature and threshold come from cross-validation over the
vehicles to learn from, the figures from the other ones. `--compare` shows, by cross-validation
alone, what each part of the plan is worth; `--check` measures the artefact that stands in
--weights on the photos that it did not learn from, through the engine that serves.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from classifier.artefact import Artefact, ArtefactError, ArtefactSpec, Head, artefact_only, artefact_write
from classifier.colour import COLOUR_HEAD, COLOURS, Rule
from classifier.engines import engine_open
from classifier.engines.paint_network import PaintNetwork
from classifier.fuse import log_softmax
from classifier.paint import RULE
from classifier.preprocess import FloatArray
from classifier.recognise import WEIGHTS
from classifier.training.calibration import ece, temperature_fit, thresholds_fit
from classifier.training.data.colour_labels import LIST, ColourLabel, colour_labels
from classifier.training.data.manifest import ManifestError
from classifier.training.errors import TrainError
from classifier.training.finish import code_version
from classifier.training.intervals import wilson
from classifier.training.model.backbones import imagenet_state, preprocessing_for
from classifier.training.model.feature_extractor import extractor_engine
from classifier.training.progress import Progress, progress_for_terminal
from classifier.training.tools.colour_photos import ColourPhotos, colour_photos
from classifier.training.tools.colour_rule import RulePlan, cross_validated, rule_fit

BACKBONE, SIDE, COPIES = "tf_efficientnet_lite0", 128, 4
PLANS = {
    "shipped": RulePlan(),
    "statistics only": RulePlan(members=("statistics",)),
    "network only": RulePlan(members=("network",)),
    "one member": RulePlan(members=("both",)),
    "one seed": RulePlan(seeds=1),
    "hard labels": RulePlan(also=0.0),
    "twice as wide": RulePlan(hidden=192),
    "longer": RulePlan(epochs=60),
}
"""What --compare compares."""


def colour_train(photos: ColourPhotos, *, network: nn.Module, plan: RulePlan, out: Path) -> Artefact:
    """Fit, calibrate, measure and write the artefact."""
    train = np.asarray([label.split == "train" for label in photos.labels])
    learned, tested = photos.chosen(train), photos.chosen(~train)
    held_out = cross_validated(learned, plan)
    # Photos that were chosen for their rare colour are easy, and would promise too much.
    usual = _at_random(learned)
    temperature = temperature_fit(held_out[usual], learned.truth[usual])
    probs = np.exp(log_softmax(held_out / temperature))
    sources = [label.source for label, one in zip(learned.labels, usual, strict=True) if one]
    threshold = thresholds_fit(probs[usual].max(axis=1), _acceptable(probs, learned)[usual], sources)
    rule = rule_fit(learned, plan)
    metrics = {
        "test": figures(rule(tested.features[0]) / temperature, tested, threshold=threshold),
        "cross_validation": figures(held_out / temperature, learned, threshold=threshold),
        "train_photos": len(learned.labels),
    }
    spec = ArtefactSpec(
        task="colour",
        backbone=BACKBONE,
        preprocessing=preprocessing_for(BACKBONE, input_size=SIDE, margin=0.0),
        heads=(Head(COLOUR_HEAD, COLOURS, temperature, threshold),),
        metrics=metrics,
        recipe=json.loads(json.dumps(asdict(plan))) | {"copies": len(photos.features) - 1},
        code_version=code_version(),
    )
    return artefact_write(
        parent=out, name="colour-lite0", spec=spec, state_dict={**network.state_dict(), **_tensors(rule)}
    )


def figures(logits: FloatArray, photos: ColourPhotos, *, threshold: float) -> dict[str, Any]:
    """How right the answers are; logits: calibrated.

    accuracy: the colour named first by who labelled the photo. either: that, or the other one that
    one may call it, so that nobody is told anything wrong. clear: of photos with one name only. By
    source only photos chosen at random.
    """
    probs = np.exp(log_softmax(logits))
    usual = _at_random(photos)
    sources = np.asarray([label.source for label in photos.labels])
    groups = {"all": np.ones(len(usual), dtype=np.bool_), "at_random": usual}
    groups |= {str(source): usual & (sources == source) for source in np.unique(sources[usual])}
    return {
        **{name: _figures(probs[places], photos.chosen(places), threshold) for name, places in groups.items()},
        "confusion": _confusion(probs.argmax(axis=1), photos.truth),
    }


def _figures(probs: FloatArray, photos: ColourPhotos, threshold: float) -> dict[str, Any]:
    sure = probs.max(axis=1)
    right, acceptable, clear = probs.argmax(axis=1) == photos.truth, _acceptable(probs, photos), photos.also < 0
    filled = sure >= threshold
    return {
        "photos": len(right),
        "accuracy": _share(right),
        "either": _share(acceptable),
        "either_interval": [round(edge, 4) for edge in wilson(int(acceptable.sum()), len(right))],
        "clear": {"photos": int(clear.sum()), "accuracy": _share(right[clear])},
        "ece": round(ece(sure, right), 4),
        "filled": _share(filled),
        "wrong_of_filled": _share(~acceptable[filled]),
        "not_first_of_filled": _share(~right[filled]),
    }


def _acceptable(probs: FloatArray, photos: ColourPhotos) -> NDArray[np.bool_]:
    """Whether the likeliest colour is one that who labelled the photo would call it."""
    best = probs.argmax(axis=1)
    acceptable: NDArray[np.bool_] = (best == photos.truth) | (best == photos.also)
    return acceptable


def _share(which: NDArray[np.bool_]) -> float | None:
    return round(float(which.mean()), 4) if len(which) else None


def _confusion(best: NDArray[np.intp], truth: NDArray[np.intp]) -> dict[str, dict[str, int]]:
    """Per true colour how often it was called what."""
    return {
        colour: {
            said: count for at, said in enumerate(COLOURS) if (count := int(((truth == row) & (best == at)).sum()))
        }
        for row, colour in enumerate(COLOURS)
    }


def _at_random(photos: ColourPhotos) -> NDArray[np.bool_]:
    return np.asarray([label.at_random for label in photos.labels])


def _tensors(rule: Rule) -> dict[str, torch.Tensor]:
    return {RULE + name: torch.from_numpy(np.asarray(values)) for name, values in vars(rule).items()}


def paint_network(backbone: str) -> PaintNetwork:
    """With ImageNet's weights. Raises BackboneError."""
    network = PaintNetwork(backbone)
    state = imagenet_state(backbone)
    network.network.load_state_dict({name: state[name] for name in network.network.state_dict()})
    return network.eval()


def _photos(labels: Sequence[ColourLabel], photos: Path, weights: Path, progress: Progress) -> ColourPhotos:
    return colour_photos(
        labels,
        photos=photos,
        weights=weights,
        engine=extractor_engine(paint_network(BACKBONE), side=SIDE, engine="openvino", device="cpu"),
        preprocessing=preprocessing_for(BACKBONE, input_size=SIDE, margin=0.0),
        copies=COPIES,
        progress=progress,
    )


def check(labels: Sequence[ColourLabel], *, photos: Path, weights: Path, progress: Progress) -> dict[str, Any]:
    """The shipped artefact on the photos that it did not learn from."""
    artefact = artefact_only(weights / "colour")
    (head,) = artefact.spec.heads
    told = colour_photos(
        [label for label in labels if label.split == "test"],
        photos=photos,
        weights=weights,
        engine=engine_open(artefact, engine="openvino", device="cpu", cache_dir=None),
        preprocessing=artefact.spec.preprocessing,
        copies=0,
        progress=progress,
    )
    logits = Rule.of(artefact)(told.features[0]) / head.temperature
    return {"version": artefact.version, "test": figures(logits, told, threshold=head.threshold)}


def compare(photos: ColourPhotos, progress: Progress) -> dict[str, Any]:
    """Each of PLANS, judged by cross-validation over the vehicles to learn from."""
    learned = photos.chosen(np.asarray([label.split == "train" for label in photos.labels]))
    found: dict[str, Any] = {}
    plain = replace(learned, features=learned.features[:1])
    for name, plan, shown in [
        *((name, plan, learned) for name, plan in PLANS.items()),
        ("no copies", RulePlan(), plain),
    ]:
        said = figures(cross_validated(shown, plan), learned, threshold=1.0)["at_random"]
        found[name] = {key: said[key] for key in ("accuracy", "either")} | {"clear": said["clear"]["accuracy"]}
        progress.say(f"{name}: {found[name]}")
    return found


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the colour classifier.")
    parser.add_argument("--photos", type=Path, default=os.environ.get("CAR_PHOTOS"), help="folder with the manifests")
    parser.add_argument("--labels", type=Path, default=LIST, help="in place of colours.csv")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder with the detector")
    parser.add_argument("--out", type=Path, help="where the artefact goes")
    parser.add_argument("--compare", action="store_true", help="compare plans by cross-validation; train nothing")
    parser.add_argument("--check", action="store_true", help="measure the artefact in --weights; train nothing")
    given = parser.parse_args(arguments)
    if given.photos is None or sum((given.out is not None, given.compare, given.check)) != 1:
        parser.error("--photos (or CAR_PHOTOS) and one of --out, --compare and --check are needed")
    progress = progress_for_terminal()
    try:
        labels = [label for label in colour_labels(given.labels) if label.colour]
        if given.check:
            said = check(labels, photos=Path(given.photos), weights=given.weights, progress=progress)
        elif given.compare:
            said = compare(_photos(labels, Path(given.photos), given.weights, progress), progress)
        else:
            photos = _photos(labels, Path(given.photos), given.weights, progress)
            artefact = colour_train(photos, network=paint_network(BACKBONE), plan=RulePlan(), out=given.out)
            said = {"version": artefact.version, **artefact.spec.metrics}
    except (TrainError, ManifestError, ArtefactError) as error:
        parser.error(str(error))
    sys.stdout.write(f"{json.dumps(said, indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
