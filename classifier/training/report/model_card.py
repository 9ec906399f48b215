"""The model card's tables, written from what stands in an artefact's model.json.

`python -m classifier.training.report.model_card classifier/weights/classifier > docs/model-classes.md`
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from classifier.artefact import Artefact, ArtefactError, artefact_only
from classifier.training.intervals import wilson

SHARES = {"top1": "top-1", "top5": "top-5", "make_top1": "make", "coverage_at_3pct_error": "coverage at 3 % error"}
CALIBRATION = {
    "ece": "known models", "ece_by_chance": "by chance alone",
    "ece_with_unknown": "known and unknown models", "ece_with_unknown_by_chance": "by chance alone",
}  # fmt: skip


def card(artefact: Artefact) -> str:
    """Markdown: figures on test photos with 95 % intervals, and every class. Raises ArtefactError without figures."""
    metrics = artefact.spec.metrics
    test, classes = metrics.get("test"), metrics.get("per_class")
    if not test or not classes:
        raise ArtefactError(f"{artefact.version} holds no figures of single classes: it was made without test photos")
    sources = {"all": test, **test.get("sources", {})}
    chance = [[name, *(_figure(one.get(key)) for key in CALIBRATION)] for name, one in sources.items() if one["known"]]
    unknown, lists = test["unknown"], test["listings_of_known_makes"]
    parts = [
        f"# {artefact.version}: every class\n",
        "Written by `python -m classifier.training.report.model_card`, from the artefact's own model.json; "
        "what the figures mean, "
        "[models.md](models.md) says. In brackets: 95 % intervals (Wilson's), as if each photo were another car.\n",
        "## Test photos of known models\n",
        _table(
            ["test photos", "known", *SHARES.values()],
            [
                [name, f"{one['known']} of {one['photos']}", *(_share(one[key], one["known"]) for key in SHARES)]
                for name, one in sources.items()
                if one["known"]
            ],
        ),
        "## Calibration error of the first candidate\n",
        "Beside each what perfectly honest confidences would show on as few photos. A site sees photos of known and "
        "unknown models alike, and for both the confidences are meant: any name for an unknown one counts as wrong.\n",
        _table(["test photos", *CALIBRATION.values()], chance),
        "## Whole cars, and models without a class\n",
        f"- {lists['n']} cars of known makes with two or more photos: make {_share(lists['make_top1'], lists['n'])} "
        f"fused, {_share(lists['photo_make_top1'], None)} photo by photo.",
        f"- {unknown['photos']} photos of models without a class: "
        f"{_share(unknown['above_threshold'], unknown['photos'])} above the threshold of the model.\n",
        f"## {len(classes)} classes that occur among the test photos, the weakest first\n",
        _table(
            ["class", "precision", "recall", "F1", "photos"],
            [
                [one["class"], *(f"{one[key]:.2f}" for key in ("precision", "recall", "f1")), f"{one['support']:.0f}"]
                for one in classes
            ],
        ),
    ]
    return "\n".join(parts)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _share(value: float | None, n: int | None) -> str:
    if value is None:
        return "–"
    if not n:
        return _figure(value)
    low, high = wilson(round(value * n), n)
    return f"{value:.3f} ({low:.2f} … {high:.2f})"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m classifier.training.report.model_card FOLDER   (that holds one artefact)\n")
        return 2
    try:
        sys.stdout.write(card(artefact_only(Path(arguments[0]))))
    except ArtefactError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
