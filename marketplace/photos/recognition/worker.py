"""Holds the Recogniser in the worker child and recognises the pending photos with it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

from marketplace.doorbell import ring
from marketplace.photos.models import Photo
from marketplace.photos.recognition.queue import (
    RECOGNISE_PENDING,
    photo_finish,
    photos_claim,
    photos_put_back,
    photos_release,
)
from marketplace.photos.recognition.taxonomy import catalogue_spec
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import RegistryError
from marketplace.storage import StoreAway

if TYPE_CHECKING:
    from classifier.recognise import Recogniser

log = structlog.get_logger(__name__)

# Then the task ends and rings for the next one, so that sweeps and a shutdown get their turn.
SECONDS_PER_RING = 30


@dataclass
class ServingRecogniser:
    """The recogniser of the version that serves."""

    version: ModelVersion
    recogniser: "Recogniser"


_serving: ServingRecogniser | None = None


def recognise_waiting() -> int:
    """Claim, recognise and finish until nothing waits; returns how many photos it finished."""
    finished = 0
    started = time.monotonic()
    # Opened before the first claim: opening a new version may take longer than a claim lasts.
    serving = champion_recogniser()
    while photos := photos_claim(limit=settings.PHOTO_BATCH):
        finished += _recognise(photos, serving)
        if time.monotonic() - started > SECONDS_PER_RING:
            ring(RECOGNISE_PENDING)
            break
        serving = champion_recogniser()  # a new champion serves from the next batch on
    return finished


def _recognise(photos: list[Photo], serving: ServingRecogniser) -> int:
    try:
        # Read one by one when wanted: a GPU's worker claims more than should be in memory at once.
        recognitions = serving.recogniser.recognise(bytes_of(photo) for photo in photos)
    except StoreAway:
        photos_put_back(photos=photos)
        raise
    except Exception as error:
        # Whatever the error is, these rows need not wait for the sweep. Celery logs it.
        photos_release(photos=photos, error=f"{type(error).__name__}: {error}")
        raise
    return sum(
        photo_finish(
            photo_id=photo.pk,
            attempt=photo.attempts,
            recognition=recognition,
            version=serving.version,
            body_threshold=serving.recogniser.body_threshold,
            colour_threshold=serving.recogniser.colour_threshold,
        )
        for photo, recognition in zip(photos, recognitions, strict=True)
    )


def bytes_of(photo: Photo) -> bytes:
    """The stored picture."""
    try:
        with photo.file.open("rb") as file:
            content: bytes = file.read()
    except FileNotFoundError:
        # Removed since the claim, or lost. Empty bytes make this one photo "unreadable".
        log.warning("photo_file_missing", photo=str(photo.pk), file=photo.file.name)
        return b""
    return content


def champion_recogniser() -> ServingRecogniser:
    """The champion's Recogniser, opened once per worker child, and again for a new champion."""
    global _serving  # noqa: PLW0603  # one per process, and a worker child works on one task at a time
    champion = champion_get()
    if champion is None:
        raise RegistryError("No model version serves yet; run: python manage.py setup_site")
    if _serving is None or _serving.version.pk != champion.pk:
        # By name, so that torch and OpenVINO are loaded in the working child only: they do not
        # survive a fork, and the web process imports this app.
        recogniser = import_string(settings.RECOGNISER).open(
            classifier=champion.folder,
            weights=settings.STARTER_WEIGHTS_DIR,
            engine=settings.RECOGNISER_ENGINE,
            device=settings.RECOGNISER_DEVICE,
            cache_dir=settings.ENGINE_CACHE_DIR,
        )
        if _serving is not None:
            _serving.recogniser.close()
        catalogue_spec(champion)  # slow the first time: now rather than while a seller waits
        _serving = ServingRecogniser(version=champion, recogniser=recogniser)
        log.info("recogniser_opened", version=champion.version)
    return _serving
