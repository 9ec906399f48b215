"""Register versions, promote them, roll back.

The champion changes in one transaction, and a constraint allows only one.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.db import transaction

from classifier.artefact import ArtefactError, artefact_copy, artefact_open
from marketplace.account import account_name
from marketplace.accounts.models import User
from marketplace.doorbell import ring_on_commit
from marketplace.refusals import Refused
from marketplace.registry.artefacts import artefact_publish
from marketplace.registry.models import ModelVersion, Promotion

RERECOGNISE = "marketplace.training.tasks.rerecognise"
STARTER = "starter"
"""The reason of a promotion that no operator asked for."""


class RegistryError(Refused):
    """The registry refuses a change; the message is one clear line for the operator."""


def version_register(*, folder: Path) -> ModelVersion:
    """Enter an artefact's folder as a candidate; registered again, it is the same row.

    Raises RegistryError if the folder is not a complete and unchanged classifier artefact.
    """
    try:
        artefact = artefact_open(folder)
    except ArtefactError as error:
        raise RegistryError(str(error)) from error
    if artefact.spec.task != "classifier":
        raise RegistryError(f"{folder.name} is a {artefact.spec.task}, not a make and model classifier.")
    try:
        artefact_publish(artefact)  # before the row: what is registered, every machine can fetch
    except ArtefactError as error:
        raise RegistryError(str(error)) from error
    version, _ = ModelVersion.objects.get_or_create(
        version=artefact.version,
        defaults={"metrics": {**artefact.spec.metrics, "thresholds": asdict(artefact.spec.thresholds)}},
    )
    return version


def starter_register() -> ModelVersion:
    """Enter the starter artefact that comes with the program; returns the champion.

    The starter serves on a new site, and after an upgrade on a site that only ever served starters.
    One that is registered already either serves or was rolled back from, and stays as it is. Raises
    RegistryError.
    """
    folders = [path.parent for path in (Path(settings.STARTER_WEIGHTS_DIR) / "classifier").glob("*/model.json")]
    if len(folders) != 1:
        raise RegistryError(f"Expected one starter artefact in {settings.STARTER_WEIGHTS_DIR}, found {len(folders)}.")
    try:
        # A copy: the next release comes with another starter, and this one must still serve.
        kept = artefact_copy(artefact_open(folders[0]), parent=Path(settings.ARTEFACTS_DIR))
    except ArtefactError as error:
        raise RegistryError(str(error)) from error
    with transaction.atomic():
        known = _locked()
        version = version_register(folder=kept.folder).version
        champion = champion_lock()  # read again: another setup may have come first
        only_starters = not Promotion.objects.exclude(by=None, reason=STARTER).exists()
        if champion is None or (champion.version != version and version not in known and only_starters):
            champion = version_promote(version=version, by=None, reason=STARTER)
    return champion


def version_promote(
    *, version: str, by: User | None, reason: str, forced: bool = False, overrode: Sequence[str] = ()
) -> ModelVersion:
    """Let a registered version serve from the next batch on.

    forced: against its gates or without any, which needs a reason. overrode: what spoke against it,
    in words. Raises RegistryError.
    """
    if forced and not reason.strip():
        raise RegistryError("Say why it shall serve all the same: --reason.")
    with transaction.atomic():
        return _switch(
            rows=_locked(), version=version, by=by, reason=reason, kind=Promotion.Kind.PROMOTE, forced=forced,
            overrode=overrode,
        )  # fmt: skip


def version_rollback(*, by: User | None, reason: str = "") -> ModelVersion:
    """Undo the last promotion that is not undone yet.

    After A, B and C were promoted, one rollback serves B, a second one A, and a third is refused. A
    promotion after a rollback starts from what serves then: after A, B, rollback, C and rollback, A
    serves again, not B. Raises RegistryError if no promotion is left to undo.
    """
    with transaction.atomic():
        rows = _locked()
        served = _promotions_standing()
        if not served:
            raise RegistryError("There is no champion to roll back from.")
        if len(served) == 1:
            raise RegistryError(f"{served[0]} has no predecessor to roll back to.")
        return _switch(rows=rows, version=served[-2], by=by, reason=reason, kind=Promotion.Kind.ROLLBACK)


def champion_lock() -> ModelVersion | None:
    """The version that serves, locked: until the transaction ends nobody changes the champion."""
    return _champion(_locked())


def _champion(rows: dict[str, ModelVersion]) -> ModelVersion | None:
    return next((row for row in rows.values() if row.status == ModelVersion.Status.CHAMPION), None)


def _locked() -> dict[str, ModelVersion]:
    # All rows of this small table, in one order, so that two promotions at once queue here.
    return {row.version: row for row in ModelVersion.objects.select_for_update().order_by("pk")}


def _promotions_standing() -> list[str]:
    """Versions whose promotion was not undone, the oldest first; the last one serves."""
    standing: list[str] = []
    for promotion in Promotion.objects.select_related("version").order_by("pk"):
        if promotion.kind == Promotion.Kind.PROMOTE:
            standing.append(promotion.version.version)
        else:
            standing.pop()
    return standing


def _switch(
    *,
    rows: dict[str, ModelVersion],
    version: str,
    by: User | None,
    reason: str,
    kind: Promotion.Kind,
    forced: bool = False,
    overrode: Sequence[str] = (),
) -> ModelVersion:
    challenger = rows.get(version)
    if challenger is None:
        known = ", ".join(sorted(rows)) or "none"
        raise RegistryError(f"There is no model version {version!r}. Known versions: {known}.")
    if challenger.status == ModelVersion.Status.CHAMPION:
        raise RegistryError(f"{version} already serves.")
    try:
        artefact_open(challenger.folder)
    except ArtefactError as error:
        raise RegistryError(f"{version} cannot serve: {error}") from error
    champion = _champion(rows)
    if champion is not None:
        ModelVersion.objects.filter(pk=champion.pk).update(status=ModelVersion.Status.RETIRED)
    ModelVersion.objects.filter(pk=challenger.pk).update(status=ModelVersion.Status.CHAMPION)
    Promotion.objects.create(
        kind=kind, version=challenger, previous=champion, by=by, operator="" if by else account_name(), reason=reason,
        forced=forced, overrode=list(overrode),
    )  # fmt: skip
    if champion is not None:  # the new champion looks again at listings that wait or are in doubt
        ring_on_commit(RERECOGNISE)
    challenger.refresh_from_db()
    return challenger
