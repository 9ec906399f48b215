"""An operator lets a version serve: freely if its comparison allows it, else in spite of it and with a reason."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from marketplace.accounts.models import User
from marketplace.registry.models import ModelVersion
from marketplace.registry.services import RegistryError, champion_lock, version_promote, version_register
from marketplace.training.models import TrainingRun

HOW = 'To let it serve all the same: --force --reason "why".'


class OverrideNeeded(RegistryError):
    """The gates say no, or nobody asked them; the message names them and says how to go past."""


@dataclass(frozen=True)
class Promoted:
    """What serves now, and how it came to it."""

    version: ModelVersion
    previous: ModelVersion | None
    overrode: list[str]
    """The gates that it had not passed, in words; empty where it passed them, or nothing served before."""
    compared_with: ModelVersion | None
    """What it was measured against in its last run."""


def promote(*, version: str, by: User | None, reason: str, force: bool) -> Promoted:
    """Let a version serve from the next batch on; one that was copied into the site's artefacts is registered first.

    It needs ``force`` and a reason, both kept with the promotion, unless all gates of its last run were passed, or
    nothing serves that it could be worse than. Raises OverrideNeeded or RegistryError.
    """
    folder = Path(settings.ARTEFACTS_DIR) / version
    if Path(version).name == version and folder.is_dir():
        version_register(folder=folder)  # trained on another machine and copied here; known ones stay as they are
    with transaction.atomic():
        serving = champion_lock()
        run = _last_run(version)
        against = []
        if serving is not None and serving.version != version and ModelVersion.objects.filter(version=version).exists():
            against = objections(run)
        if against and not (force and reason.strip()):
            raise OverrideNeeded(f"{version} {_why_not(run, against)}. {HOW}")
        promoted = version_promote(version=version, by=by, reason=reason, forced=bool(against), overrode=against)
    return Promoted(promoted, serving, against, run.champion if run else None)


def objections(run: TrainingRun | None) -> list[str]:
    """What speaks against the version of this run, its last one, in words; empty if all its gates were passed."""
    if run is None or not run.gates:
        return ["never compared"]
    return [f"{gate['name']}: {gate['text']}" for gate in run.gates if not gate["passed"]]


def _last_run(version: str) -> TrainingRun | None:
    ended = TrainingRun.objects.filter(version__version=version, status=TrainingRun.Status.DONE)
    return ended.select_related("champion").first()


def _why_not(run: TrainingRun | None, against: list[str]) -> str:
    if run is None or not run.gates:
        return "was never compared with what serves"
    return f"did not pass its gates in run {run.pk} ({'; '.join(against)})"
