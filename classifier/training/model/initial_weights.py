"""Which artefacts a training starts from and joins."""

from __future__ import annotations

from pathlib import Path

from classifier.artefact import Artefact, artefact_only, backbones_of
from classifier.training.recipe import Recipe

STARTER = "classifier"
"""Folder of the starter, the artefact that comes with the project."""


def start_of(recipe: Recipe, *, weights: Path, champion: Artefact | None) -> Artefact | None:
    """The artefact with whose weights the recipe starts; None for ImageNet's or random ones.

    weights, champion: see TrainingContext and TrainingRequest. Raises ArtefactError.
    """
    if recipe.start == "champion":
        return champion or artefact_only(weights / STARTER)
    return starter_of(recipe, weights)


def partner_of(recipe: Recipe, *, weights: Path, champion: Artefact | None) -> Artefact | None:
    """The other member of the ensemble that the recipe asks for; None if it asks for none.

    Parameters and errors: see start_of.
    """
    if recipe.ensemble_with == "nothing":
        return None
    return (champion if recipe.ensemble_with == "champion" else None) or artefact_only(weights / STARTER)


def starter_of(recipe: Recipe, weights: Path) -> Artefact | None:
    """The starter in `weights`; None if the recipe asks for none, or no member has its backbone.

    Raises ArtefactError.
    """
    starter = weights / STARTER
    if recipe.start != "starter" or not (starter.is_dir() and any(starter.iterdir())):
        return None
    artefact = artefact_only(starter)
    return artefact if recipe.backbone in backbones_of(artefact.spec.backbone) else None
