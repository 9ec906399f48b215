"""Opens a Recogniser for an operator's command: of a site's champion, of any registered version, or the starter."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError
from django.utils.module_loading import import_string

from classifier.artefact import artefact_only
from marketplace.catalogue.models import Make
from marketplace.photos.taxonomy import catalogue_classes
from marketplace.refusals import not_migrated
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import RegistryError

if TYPE_CHECKING:
    from classifier.fuse import Verdict
    from classifier.recognise import Recogniser
    from classifier.recognition import Recognition
    from classifier.taxonomy import Candidate, Guess
    from classifier.training.evaluation.cached_recogniser import CachedRecogniser


def serving_folder() -> Path:
    """The champion's artefact; that of the starter where there is no site yet (a fresh clone, nothing migrated)."""
    try:
        champion = champion_get()
    except DatabaseError as error:
        if not not_migrated(error):  # locked, or its server is away: the starter may not be what serves
            raise
        champion = None
    if champion is not None:
        return champion.folder
    return artefact_only(Path(settings.STARTER_WEIGHTS_DIR) / "classifier").folder


def catalogue_loaded() -> bool:
    """Whether there is a catalogue to compare names by; there is none where there is no site yet."""
    try:
        return Make.objects.exists()
    except DatabaseError as error:
        if not not_migrated(error):
            raise
        return False


def version_folder(*, version: str) -> Path:
    """The artefact of a registered version. Raises RegistryError."""
    row = ModelVersion.objects.filter(version=version).first()
    if row is None:
        known = ", ".join(ModelVersion.objects.values_list("version", flat=True)) or "none"
        raise RegistryError(f"There is no model version {version!r}. Known versions: {known}.")
    return row.folder


def recogniser_open(*, folder: Path, as_site: bool = False) -> "Recogniser":
    """The Recogniser with this classifier, on the engine that the settings name.

    as_site: it answers under the catalogue's names, as the site does, where there is a catalogue.
    """
    # By name and only now: it brings torch or OpenVINO, which a command that fails on its arguments need not load.
    kind: Any = import_string(settings.RECOGNISER)
    recogniser: Recogniser = kind.open(
        classifier=folder,
        weights=Path(settings.STARTER_WEIGHTS_DIR),
        engine=settings.RECOGNISER_ENGINE,
        device=settings.RECOGNISER_DEVICE,
        cache_dir=Path(settings.ENGINE_CACHE_DIR),
    )
    if as_site and catalogue_loaded():
        recogniser.classes = catalogue_classes(recogniser.classes)
    return recogniser


def evaluation_recogniser_open(*, folder: Path) -> "CachedRecogniser":
    """What says the same of test photos as recogniser_open's, and remembers what it saw from one run to the next."""
    kind: Any = import_string(settings.EVALUATION_RECOGNISER)
    recogniser: CachedRecogniser = kind.open(
        classifier=folder,
        memory=Path(settings.RUNS_DIR) / "work",
        weights=Path(settings.STARTER_WEIGHTS_DIR),
        engine=settings.RECOGNISER_ENGINE,
        device=settings.RECOGNISER_DEVICE,
        cache_dir=Path(settings.ENGINE_CACHE_DIR),
    )
    return recogniser


def photo_document(*, file: str, said: "Recognition") -> dict[str, Any]:
    """One photo's part of ``classify --json``."""
    document = {
        "file": file,
        "status": said.status,
        "kind": said.kind,
        "box": None if said.box is None else list(said.box),
        "image_size": list(said.image_size),
        "make": _guess(said.make),
        "candidates": _candidates(said.candidates),
        "timings_ms": dict(said.timings_ms),
        "view": _guess(said.view),
        "body": _guess(said.bodies[0] if said.bodies else None),
    }
    return document | ({"error": said.error} if said.error else {})


def verdict_document(*, verdict: "Verdict | None") -> dict[str, Any] | None:
    """The ``verdict`` part of ``classify --listing --json``; None if no photo was usable."""
    if verdict is None:
        return None
    return {
        "make": _guess(verdict.make),
        "candidates": _candidates(verdict.candidates),
        "photos_used": verdict.photos_used,
    }


def _guess(guess: "Guess | None") -> dict[str, Any] | None:
    return None if guess is None else {"name": guess.name, "confidence": guess.confidence}


def _candidates(candidates: "Sequence[Candidate]") -> list[dict[str, Any]]:
    return [
        {"make": one.make, "model": one.model, "years": one.years, "confidence": one.confidence} for one in candidates
    ]
