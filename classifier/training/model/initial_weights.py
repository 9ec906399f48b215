"""Which artefact a training goes on from."""

from __future__ import annotations

from pathlib import Path

from classifier.artefact import Artefact, artefact_only, backbones_of
from classifier.training.recipe import Recipe


def start_of(recipe: Recipe, *, weights: Path, champion: Artefact | None) -> Artefact | None:
    """The artefact whose knowledge the recipe goes on from; None where that is ImageNet's or nothing.

    weights, champion: see train.train. Raises ArtefactError.
    """
    if recipe.start == "champion":
        return champion or artefact_only(weights / "classifier")
    return starter_of(recipe, weights)


def partner_of(recipe: Recipe, *, weights: Path, champion: Artefact | None) -> Artefact | None:
    """The artefact beside whose network the new one will serve; None if the recipe asks for none. Raises ArtefactError.

    Parameters: see start_of.
    """
    if recipe.ensemble_with == "nothing":
        return None
    return (champion if recipe.ensemble_with == "champion" else None) or artefact_only(weights / "classifier")


def starter_of(recipe: Recipe, weights: Path) -> Artefact | None:
    """The artefact in `weights` that a recipe goes on from, or from the member of it that has the recipe's backbone;
    None if the recipe asks for none, or none has it. Raises ArtefactError."""
    starter = weights / "classifier"
    if recipe.start != "starter" or not (starter.is_dir() and any(starter.iterdir())):
        return None
    artefact = artefact_only(starter)
    return artefact if recipe.backbone in backbones_of(artefact.spec.backbone) else None
