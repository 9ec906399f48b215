"""How a model came to be, as its own artefact says it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from classifier.artefact import Artefact


def trained_facts(artefact: Artefact) -> dict[str, Any]:
    """What sections.trained_section shows.

    Of a path in the recipe (a file of weights) it tells the last name alone.
    """
    spec = artefact.spec
    thresholds = spec.thresholds
    return {
        "version": artefact.version,
        "network": f"{spec.backbone}, {spec.preprocessing.input_size} px",
        "classes": len(spec.classes),
        "photos to train on": spec.metrics.get("train_photos"),
        **(
            {"share of the way from its start to its end": spec.metrics["share_learned"]}
            if "share_learned" in spec.metrics
            else {}
        ),
        "manifest sha256": spec.manifest_sha256,
        "code": spec.code_version,
        "trained": spec.created,
        "temperature": round(spec.temperature, 3),
        "fills in the model from": _threshold(thresholds.model),
        "fills in the make from": _threshold(thresholds.make),
        "fills in the body from": _threshold(thresholds.body),
        **{f"recipe: {key}": _told(value) for key, value in spec.recipe.items()},
    }


def _threshold(value: float) -> float | str:
    return round(value, 4) if value <= 1 else "never"


def _told(value: Any) -> Any:
    return PurePath(value).name if isinstance(value, str) and PurePath(value).is_absolute() else value
