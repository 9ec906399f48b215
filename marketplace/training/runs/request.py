"""What an operator asks of a training run or a search: made once from a command's arguments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from classifier.training.data.cleaning.clean import USABLE
from classifier.training.recipe import Recipe, recipe_load, recipe_override

Promote = Literal["auto", "never"]
Suspects = Literal["report", "queue"]


@dataclass(frozen=True, kw_only=True)
class PhotoSelection:
    """Which photos to learn from."""

    manifests: Sequence[Path] = ()
    merges: Sequence[Path] = ()
    """Tables of classes that become one, see classifier.training.data.cleaning.merges."""
    decisions: bool = True
    """Whether photos of listings that moderators decided about take part."""
    usable: float = USABLE
    """How likely a photo must show a car from outside to be trained on; 0 takes every photo."""


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """What a run and a search have in common."""

    photos: PhotoSelection = field(default_factory=PhotoSelection)
    recipe: str = "default"
    """By name, or a .toml file."""
    overrides: Sequence[str] = ()
    """ "KEY=VALUE", each in place of a value of the recipe."""
    epochs: int | None = None
    """None = the recipe's."""
    max_minutes: float | None = None
    """None = the recipe's for a run, no limit for a search."""

    def plan(self) -> Recipe:
        """The recipe with its overrides. Raises RecipeError."""
        return recipe_override(recipe_load(self.recipe), self.overrides)


@dataclass(frozen=True, kw_only=True)
class RunRequest(TrainingRequest):
    """One call of `retrain`."""

    resume: bool = False
    """Whether to continue an interrupted run of the same recipe."""
    promote: Promote = "auto"
    """auto: the challenger serves if it passes all gates."""
    new_makes: bool = False
    """Whether makes that the catalogue does not have are allowed.

    Most of them are misspelt, and nobody could choose them in a form.
    """
    suspects: Suspects | None = None
    """Whether labels that are probably wrong are listed, and also put to the moderators.

    Either way the training uses them as they are.
    """
    order: int | None = None
    """The TrainingOrder that asks for it, if an operator did on a page."""
    external: Path | None = None
    """A folder of pictures for the report to show with both versions' answers."""

    def values(self, plan: Recipe) -> dict[str, Any]:
        """The recipe as the run's row keeps it."""
        return {
            **plan.as_dict(),
            "epochs": self.epochs or plan.epochs,
            "max_minutes": self.max_minutes or plan.max_minutes,
        }


@dataclass(frozen=True, kw_only=True)
class TuneRequest(TrainingRequest):
    """One call of `tune`."""

    searched: Sequence[str] = ()
    """What to search, see search.space_parse; none = rates, decay, augmentation and resolution."""
    trials: int = 20
    """How many in all, including those of earlier calls."""
    minutes_each: float | None = None
    """After this time a trial ends; None = no limit."""
    output: Path | None = None
    """Where the recipe is written; None = <recipe>-tuned.toml in the site's runs."""
