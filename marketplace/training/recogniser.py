"""Open a Recogniser for an operator's command: of the champion, another version or the starter."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError
from django.utils.module_loading import import_string

from classifier.artefact import artefact_only
from classifier.engines import DeviceName, EngineName
from marketplace.catalogue.models import Make
from marketplace.photos.recognition.taxonomy import catalogue_classes
from marketplace.refusals import not_migrated
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import RegistryError

if TYPE_CHECKING:
    from classifier.fuse import Verdict
    from classifier.recognise import Recogniser
    from classifier.recognition import Recognition
    from classifier.taxonomy import Guess
    from classifier.training.evaluation.cached_recogniser import CachedRecogniser


def version_folder(*, version: str | None) -> Path:
    """The artefact of a registered version; None = the one that serves. Raises RegistryError.

    Where there is no site yet (a fresh clone, nothing migrated), the starter serves.
    """
    if version is None:
        return _serving_folder()
    row = ModelVersion.objects.filter(version=version).first()
    if row is None:
        known = ", ".join(ModelVersion.objects.values_list("version", flat=True)) or "none"
        raise RegistryError(f"There is no model version {version!r}. Known versions: {known}.")
    return row.folder


def _serving_folder() -> Path:
    try:
        champion = champion_get()
    except DatabaseError as error:
        if not not_migrated(error):  # locked or away: the site's champion may be another version
            raise
        champion = None
    if champion is not None:
        return champion.folder
    return artefact_only(Path(settings.STARTER_WEIGHTS_DIR) / "classifier").folder


def catalogue_loaded() -> bool:
    """Whether there is a catalogue to compare names by; a fresh clone has none."""
    try:
        return Make.objects.exists()
    except DatabaseError as error:
        if not not_migrated(error):
            raise
        return False


def recogniser_open(
    *,
    folder: Path,
    as_site: bool = False,
    engine: EngineName | None = None,
    device: DeviceName | None = None,
) -> "Recogniser":
    """The Recogniser with the classifier in `folder`.

    as_site: it answers with the catalogue's names, as the site does, where there is a catalogue.
    engine, device: None = what the settings name. Raises ArtefactError or EngineError.
    """
    recogniser: Recogniser = _open(settings.RECOGNISER, folder, engine=engine, device=device)
    if as_site and catalogue_loaded():
        recogniser.classes = catalogue_classes(recogniser.classes)
    return recogniser


def evaluation_recogniser_open(*, folder: Path) -> "CachedRecogniser":
    """Answers as recogniser_open's does, and caches what it sees in test photos between runs."""
    recogniser: CachedRecogniser = _open(
        settings.EVALUATION_RECOGNISER, folder, memory=Path(settings.RUNS_DIR) / "work"
    )
    return recogniser


def _open(
    kind: str, folder: Path, *, engine: EngineName | None = None, device: DeviceName | None = None, **more: Any
) -> Any:
    # By name, and not before it is needed: it loads torch or OpenVINO, which refusing bad
    # arguments does not need. Tests put their own in the settings.
    return import_string(kind).open(
        classifier=folder,
        weights=Path(settings.STARTER_WEIGHTS_DIR),
        engine=engine or settings.RECOGNISER_ENGINE,
        device=device or settings.RECOGNISER_DEVICE,
        cache_dir=Path(settings.ENGINE_CACHE_DIR),
        **more,
    )


def photo_document(*, file: str, recognition: "Recognition") -> dict[str, Any]:
    """One photo in the document of `classify --json`."""
    document = {
        "file": file,
        "status": recognition.status,
        "kind": recognition.kind,
        "box": None if recognition.box is None else list(recognition.box),
        "image_size": list(recognition.image_size),
        "make": _guess(recognition.make),
        "candidates": [one.document() for one in recognition.candidates],
        "timings_ms": dict(recognition.timings_ms),
        "view": _guess(recognition.view),
        "body": _guess(recognition.bodies[0] if recognition.bodies else None),
        "colour": _guess(recognition.colours[0] if recognition.colours else None),
        "cars": recognition.cars,
    }
    return document | ({"error": recognition.error} if recognition.error else {})


def verdict_document(*, verdict: "Verdict | None") -> dict[str, Any] | None:
    """The verdict in the document of `classify --listing --json`; None if no photo was usable."""
    if verdict is None:
        return None
    return {
        "make": _guess(verdict.make),
        "candidates": [one.document() for one in verdict.candidates],
        "colour": _guess(verdict.colours[0] if verdict.colours else None),
        "photos_used": verdict.photos_used,
    }


def _guess(guess: "Guess | None") -> dict[str, Any] | None:
    return None if guess is None else {"name": guess.name, "confidence": guess.confidence}
