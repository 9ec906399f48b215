"""Which artefact a training goes on from."""

from __future__ import annotations

from pathlib import Path

from classifier.artefact import Artefact, artefact_only
from classifier.training.recipe import Recipe


def start_of(recipe: Recipe, *, weights: Path, champion: Artefact | None) -> Artefact | None:
    """The artefact whose knowledge the recipe goes on from; None where that is ImageNet's or nothing.

    weights, champion: see train.train. Raises ArtefactError.
    """
    if recipe.start == "champion":
        return champion or artefact_only(weights / "classifier")
    return starter_of(recipe, weights)


def starter_of(recipe: Recipe, weights: Path) -> Artefact | None:
    """The artefact in `weights` that a recipe goes on from; None if it asks for none, or none has its backbone."""
    starter = weights / "classifier"
    if recipe.start != "starter" or not (starter.is_dir() and any(starter.iterdir())):
        return None
    artefact = artefact_only(starter)
    return artefact if artefact.spec.backbone == recipe.backbone else None
