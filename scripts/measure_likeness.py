"""How well photos of the same model find each other, by different vectors of them.

    make measure-likeness [ARTEFACT=classifier/weights/classifier/…]

Reads the features that an artefact remembers and its last layer; needs no photos. Searched are the
photos that it did not learn from, and all photos of models that it does not know; found should be
other vehicles of the same model.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from safetensors import safe_open

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from classifier.artefact import MEMORY_FILE, artefact_only, artefact_open
from classifier.names import name_key
from classifier.recognise import WEIGHTS

TRAIN = 0
SHOWN = 24


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def roots(logits, flattened):
    probs = np.exp((logits - logits.max(axis=1, keepdims=True)) / flattened)
    return np.sqrt(probs / probs.sum(axis=1, keepdims=True))


def figures(vectors, asked, among, model, vehicle):
    scores = vectors[asked] @ vectors[among].T
    own = vehicle[asked][:, None] == vehicle[among][None]
    right = (model[asked][:, None] == model[among][None]) & ~own
    some = right.any(axis=1)
    order = np.argsort(-np.where(own, -9, scores)[some], axis=1)
    hits = np.take_along_axis(right[some], order, axis=1)
    precisions = [(np.cumsum(row)[row] / (np.flatnonzero(row) + 1)).mean() for row in hits]
    first, shown = hits[:, 0].mean(), hits[:, :SHOWN].any(axis=1).mean()
    return f"{some.sum():5} photos   first {first:.3f}   in {SHOWN} {shown:.3f}   mAP {np.mean(precisions):.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--artefact", type=Path)
    path = parser.parse_args().artefact
    artefact = artefact_open(path) if path else artefact_only(WEIGHTS / "classifier")
    with safe_open(artefact.folder / MEMORY_FILE, "np") as file:
        cars = json.loads(file.metadata()["about"])["cars"]
        kept = {name: file.get_tensor(name) for name in ("codes", "low", "step", "car", "split", "vehicle", "status")}
    seen = kept["status"] == 0
    features = kept["codes"].astype(np.float32) * kept["step"].astype(np.float32) + kept["low"].astype(np.float32)
    names = [(name_key(make), name_key(model)) for make, model, _year in cars]
    known = {(name_key(one.make), name_key(one.model)) for one in artefact.spec.classes}
    number = {name: place for place, name in enumerate(dict.fromkeys(names))}
    model = np.array([number[names[car]] for car in kept["car"][seen]])
    is_known = np.array([names[car] in known for car in kept["car"][seen]])
    held = kept["split"][seen] != TRAIN
    weights = artefact.state_dict()
    logits = features @ weights["classifier.weight"].numpy().T + weights["classifier.bias"].numpy()
    logits = logits / artefact.spec.temperature
    vectors = {
        "features": features, "logits, centred": logits - logits.mean(axis=1, keepdims=True),
        **{f"roots, divided by {by}": roots(logits, by) for by in (1, 2, 4)},
    }  # fmt: skip
    among = np.flatnonzero(held | ~is_known)
    for label, asked in (("known", held & is_known), ("unknown", ~is_known)):
        for name, one in vectors.items():
            told = figures(unit(one), np.flatnonzero(asked), among, model, kept["vehicle"][seen])
            print(f"{label:8} {name:20} {told}", flush=True)


if __name__ == "__main__":
    main()
