"""View and body: what the classes tell of bodies, and how right both are on labelled photos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.artefact import NEVER
from classifier.attributes import VIEWS
from classifier.body_type import body_logits
from classifier.fuse import likeliest_first, log_softmax
from classifier.preprocess import FloatArray
from classifier.taxonomy import Guess
from classifier.training.calibration import MIN_ANSWERED, ece, temperature_fit, threshold_fit
from classifier.training.data.attribute_labels import body_of

if TYPE_CHECKING:
    from classifier.training.evaluation.scored_photo import ScoredPhoto


def bodies_fit(
    photos: Sequence[tuple[tuple[Guess, ...], FloatArray, str]], class_bodies: Sequence[str]
) -> tuple[float, float]:
    """Temperature and threshold of bodies.

    photos: held-out ones, each with what the attribute classifier saw, calibrated log-probs and the
    truth.

    The threshold leaves at most TARGET_ERROR of what a form fills in wrong; with too few photos it
    never fills in.
    """
    said = [
        (body_logits(seen, probs, class_bodies), [one.name for one in seen], truth) for seen, probs, truth in photos
    ]
    # Bodies come likeliest first, in another order for each photo: one order for all.
    order = sorted({name for _, names, _ in said for name in names})
    rows = [(np.asarray([logits[names.index(one)] for one in order]), truth) for logits, names, truth in said]
    if len(rows) < MIN_ANSWERED:
        return 1.0, NEVER
    logits, truths = np.stack([row for row, _ in rows]), [order.index(truth) for _, truth in rows]
    temperature = temperature_fit(logits, truths)
    best = [likeliest_first(order, log_softmax(row / temperature))[0] for row in logits]
    right = [guess.name == order[truth] for guess, truth in zip(best, truths, strict=True)]
    return temperature, threshold_fit([guess.confidence for guess in best], right)


def view_and_body_summarise(scored: Sequence[ScoredPhoto], *, body_threshold: float) -> dict[str, Any]:
    """Over photos labelled with a view or a body: photos, accuracy, and the answers' ece.

    Unanswered photos are wrong. body also: filled_in, the share above the threshold, and
    filled_in_wrong, of those the share that is wrong.
    """
    views = [(one.row.view, one.recognition.view) for one in scored if one.row.exterior and one.row.view in VIEWS]
    bodies = [(body, one.recognition.bodies) for one in scored if (body := body_of(one.row))]
    best = [(truth, said[0] if said else None) for truth, said in bodies]
    filled = [truth == guess.name for truth, guess in best if guess and guess.confidence >= body_threshold]
    return {
        "view": _figures(views),
        "body": {
            **_figures(best),
            "filled_in": len(filled) / len(best) if best else None,
            "filled_in_wrong": 1 - sum(filled) / len(filled) if filled else None,
        },
    }


def views_summarise(scored: Sequence[ScoredPhoto]) -> dict[str, dict[str, Any]]:
    """Per labelled view: known photos, and the shares of them whose make and model are right."""
    known = [one for one in scored if one.known and one.row.view in VIEWS]
    by_view = {view: [one for one in known if one.row.view == view] for view in VIEWS}
    return {
        view: {
            "known": len(photos),
            "make_top1": sum(one.make_right for one in photos) / len(photos),
            "model_top1": sum(one.model_right for one in photos) / len(photos),
        }
        for view, photos in by_view.items()
        if photos
    }


def _figures(said: Sequence[tuple[str, Guess | None]]) -> dict[str, Any]:
    right = [guess is not None and guess.name == truth for truth, guess in said]
    answered = [(guess.confidence, guess.name == truth) for truth, guess in said if guess is not None]
    return {
        "photos": len(said),
        "accuracy": sum(right) / len(said) if said else None,
        "ece": ece(*zip(*answered, strict=True)) if answered else None,
    }
