"""How well detect.cars_shown counts: `python -m classifier.training.tools.count_cars`.

Prints which confidences and shares are best on the training half of the counted photos of
training/data/colours.csv, and what the rule in use makes of both halves. It changes nothing: the
rule is two numbers in classifier/detect.py.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from classifier.artefact import artefact_only
from classifier.detect import ANOTHER_CONFIDENCE, ANOTHER_SHARE, Detection, Detector, cars_shown
from classifier.engines import engine_open
from classifier.preprocess import decode, letterbox
from classifier.recognise import WEIGHTS
from classifier.training.data.colour_labels import LIST, ColourLabel, colour_labels

CONFIDENCES = (0.25, 0.4, 0.5, 0.6, 0.7, 0.8)
SHARES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
MANY = 3
"""The labels say no more than "three or more"."""


def counts(
    labels: Sequence[ColourLabel], seen: Sequence[Sequence[Detection]], *, confidence: float, share: float
) -> dict[str, Any]:
    """How the rule counts photos with a known number of cars.

    right: the number. several: photos with several cars; found: of these, said to show several;
    false: photos of one car that are said to show several.
    """
    said = [max(1, min(MANY, cars_shown(one, confidence=confidence, share=share))) for one in seen]
    truth = [label.cars for label in labels]
    pairs = list(zip(said, truth, strict=True))
    several = [one > 1 for one, cars in pairs if cars != 1]
    return {
        "photos": len(pairs),
        "right": round(sum(one == cars for one, cars in pairs) / max(len(pairs), 1), 4),
        "several": len(several),
        "found": sum(several),
        "false": sum(one > 1 for one, cars in pairs if cars == 1),
    }


def measured(labels: Sequence[ColourLabel], seen: Sequence[Sequence[Detection]]) -> dict[str, Any]:
    """The best rules on the training half, and the rule in use on both."""
    split = {side: [at for at, label in enumerate(labels) if label.split == side] for side in ("train", "test")}

    def of(places: Sequence[int], confidence: float, share: float) -> dict[str, Any]:
        return counts([labels[at] for at in places], [seen[at] for at in places], confidence=confidence, share=share)

    tried = [(one, of(split["train"], *one)) for one in product(CONFIDENCES, SHARES)]
    best = sorted(tried, key=lambda pair: -float(pair[1]["right"]))[:5]
    usual = [at for at in split["test"] if labels[at].at_random]
    rule = (ANOTHER_CONFIDENCE, ANOTHER_SHARE)
    return {
        "best_on_train": [{"confidence": one[0], "share": one[1], **found} for one, found in best],
        "rule": {"confidence": rule[0], "share": rule[1]},
        "train": of(split["train"], *rule),
        "test": of(split["test"], *rule),
        "test_at_random": of(usual, *rule),
    }


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure how well cars are counted.")
    parser.add_argument("--photos", type=Path, default=os.environ.get("CAR_PHOTOS"), help="folder with the manifests")
    parser.add_argument("--labels", type=Path, default=LIST, help="in place of colours.csv")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder with the detector")
    given = parser.parse_args(arguments)
    if given.photos is None:
        parser.error("--photos or CAR_PHOTOS is needed")
    labels = [label for label in colour_labels(given.labels) if label.cars is not None]
    artefact = artefact_only(given.weights / "detector")
    detector = Detector(engine_open(artefact, engine="openvino", device="cpu", cache_dir=None), artefact.spec)
    seen = []
    for label in labels:
        photo = decode(Path(given.photos) / label.file, min_side=detector.input_size)
        boxed = letterbox(photo.image, detector.input_size, photo.full_size)
        seen += detector.detect([boxed], [photo.full_size])
    sys.stdout.write(f"{json.dumps(measured(labels, seen), indent=1)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
