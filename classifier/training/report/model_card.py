"""The model card's tables, written from what stands in an artefact's model.json.

`python -m classifier.training.report.model_card FOLDER > docs/model-classes.md`, where FOLDER is
`classifier/weights/classifier`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from classifier.artefact import Artefact, ArtefactError, artefact_only
from classifier.training.intervals import wilson
from classifier.training.report.render import render_markdown
from classifier.training.target_error import TARGET_ERROR_WORDS

SHARES = {
    "top1": "top-1",
    "top5": "top-5",
    "make_top1": "make",
    "coverage_at_3pct_error": f"coverage at {TARGET_ERROR_WORDS}",
}
CALIBRATION = {
    "ece": "known models", "ece_by_chance": "by chance alone",
    "ece_with_unknown": "known and unknown models", "ece_with_unknown_by_chance": "by chance alone",
}  # fmt: skip


def card(artefact: Artefact) -> str:
    """Markdown: figures on test photos with 95 % intervals, and every class.

    Raises ArtefactError without figures.
    """
    metrics = artefact.spec.metrics
    test, classes = metrics.get("test"), metrics.get("per_class")
    if not test or not classes:
        raise ArtefactError(f"{artefact.version} holds no figures of single classes: it was made without test photos")
    sources = {name: one for name, one in {"all": test, **test.get("sources", {})}.items() if one["known"]}
    return render_markdown(
        "model_card",
        version=artefact.version,
        sources=sources,
        shares=SHARES,
        calibration=CALIBRATION,
        listings=test["listings_of_known_makes"],
        unknown=test["unknown"],
        classes=classes,
        share=_share,
    )


def _share(value: float | None, n: int | None = None) -> str:
    """A share or another figure; of n photos with its interval."""
    if value is None:
        return "–"
    if not n:
        return f"{value:.3f}"
    low, high = wilson(round(value * n), n)
    return f"{value:.3f} ({low:.2f} … {high:.2f})"


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
