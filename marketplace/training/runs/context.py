"""What the steps of one run share."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from classifier.training.progress import Progress
from classifier.training.recipe import Recipe
from marketplace.accounts.models import User
from marketplace.registry.models import ModelVersion
from marketplace.training.models import TrainingRun
from marketplace.training.runs.request import RunRequest

if TYPE_CHECKING:
    from marketplace.training.runs.report import RunReport


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """One run between its start and its end."""

    request: RunRequest
    plan: Recipe
    """The request's recipe with its overrides."""
    champion: ModelVersion | None
    """The version that served when the run began."""
    row: TrainingRun
    by: User | None
    before: datetime
    """Decisions made later take no part."""
    progress: Progress
    report: "RunReport"

    @property
    def folder(self) -> Path:
        """Where the run's files are kept."""
        return Path(settings.RUNS_DIR) / str(self.row.pk)

    def rival(self, version: ModelVersion) -> ModelVersion | None:
        """The champion to compare a version with; None if it is the version itself, or missing."""
        return None if self.champion == version else self.champion
