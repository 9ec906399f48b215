"""An operator promotes a version: freely if it passed its gates, else with force and a reason."""

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
    """Gates failed, or were never checked. The message names them and says how to override them."""


@dataclass(frozen=True)
class Promoted:
    """The version that serves now."""

    version: ModelVersion
    previous: ModelVersion | None
    overrode: list[str]
    """What was overridden, in words; see objections."""


def promote(*, version: str, by: User | None, reason: str, force: bool) -> Promoted:
    """Let a version serve from the next batch on.

    A version whose folder was copied into the site's artefacts is registered first. Promotion needs
    `force` and a reason, unless the version passed all gates of its last run against what serves
    now, or nothing serves yet. The reason and what was overridden are kept with the promotion.
    Raises OverrideNeeded or RegistryError.
    """
    folder = Path(settings.ARTEFACTS_DIR) / version
    if Path(version).name == version and folder.is_dir():
        version_register(folder=folder)  # trained on another machine; a known version stays as it is
    with transaction.atomic():
        serving = champion_lock()
        run = _last_run(version)
        against = []
        if serving is not None and serving.version != version and ModelVersion.objects.filter(version=version).exists():
            against = objections(run, serving=serving)
        if against and not (force and reason.strip()):
            raise OverrideNeeded(f"{version} {_why_not(run, against)}. {HOW}")
        promoted = version_promote(version=version, by=by, reason=reason, forced=bool(against), overrode=against)
    return Promoted(promoted, serving, against)


def objections(run: TrainingRun | None, *, serving: ModelVersion | None) -> list[str]:
    """What speaks against a version, in words.

    run: the version's last one. Empty if it passed all gates against what serves now.
    """
    if run is None or not run.gates:
        return ["never compared"]
    failed = [f"{gate['name']}: {gate['text']}" for gate in run.gates if not gate["passed"]]
    if run.champion != serving:
        failed.append(_other(run, serving))
    return failed


def _last_run(version: str) -> TrainingRun | None:
    ended = TrainingRun.objects.filter(version__version=version, status=TrainingRun.Status.DONE)
    return ended.select_related("champion").first()


def _why_not(run: TrainingRun | None, against: list[str]) -> str:
    if run is None or not run.gates:
        return "was never compared with what serves"
    if all(gate["passed"] for gate in run.gates):
        return f"was {against[0]} (run {run.pk}). Train it again to compare the two"
    return f"did not pass its gates in run {run.pk} ({'; '.join(against)})"


def _other(run: TrainingRun, serving: ModelVersion | None) -> str:
    return f"compared with {run.champion or 'nothing'}, not with {serving}, which serves now"
