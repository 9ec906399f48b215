"""What a training is asked for, and where it works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier.artefact import Artefact
from classifier.training.data.cleaning.seen_photos import SeenPhotos
from classifier.training.data.manifest import ManifestRow
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe

Rename = Callable[[str, str], tuple[str, str]]
"""(make, model) → the names under which a site counts classes; two names of one car become one."""


def as_trained(make: str, model: str) -> tuple[str, str]:
    """The Rename that leaves names as they are."""
    return make, model


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """What to learn, from which photos, and for how long."""

    rows: Sequence[ManifestRow]
    recipe: Recipe
    epochs: int | None = None
    """In place of the recipe's."""
    max_minutes: float | None = None
    """In place of the recipe's."""
    resume: bool = False
    """Continue after the last whole epoch of the same training."""
    champion: Artefact | None = None
    """What start = "champion" and ensemble_with = "champion" stand for. None = the starter in the
    context's `weights`."""
    seen_photos: SeenPhotos | None = None
    """Hashes of the rows' pictures, for the artefact's record. None = it gets no record."""

    @property
    def epochs_planned(self) -> int:
        """Epochs of this training, unless it ends early."""
        return self.epochs or self.recipe.epochs

    @property
    def minutes_planned(self) -> float | None:
        """Its time limit; None = no limit."""
        return self.max_minutes or self.recipe.max_minutes or None


@dataclass(frozen=True, kw_only=True)
class TrainingContext:
    """Where a training works, and who watches it."""

    work_dir: Path
    """Caches of crops and features, and checkpoints."""
    weights: Path
    """The folder with detector/ and usable/, and classifier/ for the starter."""
    progress: Progress
    rename: Rename = as_trained
    """See finish.calibrate."""
    engine_cache: Path | None = None
    """Where converted networks are kept; see `converted`."""

    @property
    def converted(self) -> Path:
        """The cache of converted networks: a site's own, or one in `work_dir`."""
        return self.engine_cache or self.work_dir / "ir"
