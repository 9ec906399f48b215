"""The worker's side: claim, finish, release, sweep. The table is the queue, the broker a doorbell.

A photo goes from pending to claimed to done. ``attempts`` is raised in the row *before* the work,
so that a photo that kills its worker is counted. It also fences the work: a worker that comes back
with an older number changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from classifier.taxonomy import summarise
from marketplace.doorbell import ring, ring_on_commit
from marketplace.listings.models import Listing
from marketplace.listings.services import EDITABLE
from marketplace.photos.editing.cover import cover_refresh
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.recognition.taxonomy import catalogue_spec
from marketplace.photos.recognition.verdict import question_refresh, verdict_refresh
from marketplace.registry.models import ModelVersion

if TYPE_CHECKING:  # for the type only: the web process imports this module and must stay light
    from classifier.recognition import Recognition

log = structlog.get_logger(__name__)

RECOGNISE_PENDING = "marketplace.photos.tasks.recognise_pending"
REVIEW_SUBMITTED = "marketplace.moderation.tasks.review_submitted"
GUESS_DECIMALS = 5  # finer than anything fused from them can tell
Status = Photo.Status


def photos_claim(*, limit: int) -> list[Photo]:
    """Take up to ``limit`` pending photos for this worker, oldest first; no other worker gets them.

    A photo that was tried before comes alone and after the fresh ones: if it kills its worker
    again, no other photo is affected. Before its last attempt it rests for as long as a claim
    lasts, so that a storage or driver that fails for some seconds does not use up all attempts.
    """
    waiting = _claimable()
    if not waiting.exists():
        return []  # without taking SQLite's write lock
    with transaction.atomic():
        # Race: on PostgreSQL, SKIP LOCKED gives each row to one worker only; a naive claim gave
        # nearly every row to several. SQLite ignores the clause: there the IMMEDIATE transaction
        # locks.
        photos = list(
            waiting.select_for_update(skip_locked=True, of=("self",)).order_by("attempts", "created_at")[:limit]
        )
        fresh = [photo for photo in photos if photo.attempts == 0]
        photos = fresh or photos[:1]
        now = timezone.now()
        claimed = Photo.objects.filter(pk__in=[photo.pk for photo in photos], status=Status.PENDING).update(
            status=Status.CLAIMED, attempts=F("attempts") + 1, claimed_at=now
        )
        if claimed != len(photos):  # cannot happen with locked rows; rolled back if it does
            raise RuntimeError(f"claimed {claimed} of {len(photos)} locked photos")
    for photo in photos:
        photo.status, photo.attempts, photo.claimed_at = Status.CLAIMED, photo.attempts + 1, now
    return photos


def photos_wait() -> bool:
    """Whether a worker that claims now gets a photo."""
    return _claimable().exists()


def _claimable() -> QuerySet[Photo]:
    rested = timezone.now() - timedelta(seconds=settings.PHOTO_CLAIM_SECONDS)
    return Photo.objects.filter(status=Status.PENDING).exclude(
        attempts__gte=settings.PHOTO_ATTEMPTS - 1, claimed_at__gt=rested
    )


def photo_finish(
    *,
    photo_id: UUID,
    attempt: int,
    recognition: "Recognition",
    version: ModelVersion,
    body_threshold: float | None = None,
    colour_threshold: float | None = None,
) -> bool:
    """Store a photo's recognition and fuse its listing's verdict again, all or nothing.

    The thresholds: see Recogniser.body_threshold. False if ``attempt`` is no longer the
    photo's: meanwhile it was swept, claimed by another worker, or removed.
    """
    # Before the transaction, which holds locks, because it reads the catalogue.
    said = prediction_values(recognition, version, body_threshold=body_threshold, colour_threshold=colour_threshold)
    with transaction.atomic():
        listing = listing_lock(photo_id)
        won = Photo.objects.filter(pk=photo_id, status=Status.CLAIMED, attempts=attempt).update(
            status=Status.DONE,
            outcome=recognition.status,
            kind=recognition.kind,
            error=recognition.error[:300],
            finished_at=timezone.now(),
        )
        if won != 1:
            log.info("photo_finished_late", photo=str(photo_id), attempt=attempt)
            return False
        Prediction.objects.update_or_create(
            photo_id=photo_id, model_version=version, defaults={"attempt": attempt, **said}
        )
        _settled(listing)
        question_refresh(photo_id=photo_id)
        if listing is not None and listing.status in EDITABLE:
            cover_refresh(listing_id=listing.pk)
    return True


def prediction_values(
    recognition: "Recognition",
    version: ModelVersion,
    *,
    body_threshold: float | None,
    colour_threshold: float | None,
) -> dict[str, Any]:
    """A recognition as a prediction's columns, under the catalogue's names."""
    make, candidates, log_probs = recognition.make, list(recognition.candidates), recognition.log_probs
    view, bodies, colours = recognition.view, recognition.bodies, recognition.colours
    if log_probs is not None:
        make, candidates = summarise(np.exp(log_probs), catalogue_spec(version).classes)
    return {
        "outcome": recognition.status,
        "kind": recognition.kind,
        "box": None if recognition.box is None else list(recognition.box),
        "make_name": "" if make is None else make.name,
        "make_confidence": None if make is None else make.confidence,
        "candidates": [one.document() for one in candidates],
        "view": "" if view is None else view.name,
        "view_confidence": None if view is None else view.confidence,
        "bodies": [[one.name, round(one.confidence, GUESS_DECIMALS)] for one in bodies],
        "body_threshold": body_threshold if bodies else None,
        "colours": [[one.name, round(one.confidence, GUESS_DECIMALS)] for one in colours],
        "colour_threshold": colour_threshold if colours else None,
        "cars": recognition.cars,
        "boxes": [list(box) for box in recognition.boxes],
        "log_probs": None if log_probs is None else np.asarray(log_probs, dtype="<f2").tobytes(),
        "timings_ms": recognition.timings_ms,
    }


def photo_seen_again(*, photo: Photo, listing: Listing, version: ModelVersion, values: dict[str, Any] | None) -> None:
    """Add another version's prediction for a recognised photo, and refresh its listing's verdict.

    values: from ``prediction_values``; None if that version has a prediction already. Older
    versions' predictions stay. Call it inside a transaction that holds the lock from
    ``listing_lock``.
    """
    if values is not None:
        Prediction.objects.update_or_create(
            photo=photo, model_version=version, defaults={"attempt": photo.attempts, **values}
        )
        Photo.objects.filter(pk=photo.pk).update(outcome=values["outcome"], kind=values["kind"])
    _settled(listing)


def photos_release(*, photos: Sequence[Photo], error: str) -> None:
    """Give back photos whose recognition raised; without attempts left they fail."""
    for photo in photos:  # one transaction each: holding several photos' locks at once may deadlock
        _give_back(photo, error=error)
    ring(RECOGNISE_PENDING)


def photos_put_back(*, photos: Sequence[Photo]) -> None:
    """Give back photos that were not looked at, because the store is away: no attempt is counted.

    Nobody is rung for: the sweep does it until the store answers again.
    """
    for photo in photos:
        Photo.objects.filter(pk=photo.pk, status=Status.CLAIMED, attempts=photo.attempts).update(
            status=Status.PENDING, attempts=F("attempts") - 1
        )


def photos_sweep() -> dict[str, int]:
    """Free the photos of workers that died, and ring again for all that wait.

    Returns how many were freed for another attempt, how many failed for good, and how many wait
    now.
    """
    stale = Photo.objects.filter(
        status=Status.CLAIMED, claimed_at__lt=timezone.now() - timedelta(seconds=settings.PHOTO_CLAIM_SECONDS)
    )
    ends = [_give_back(photo, error="The recognition stopped without an answer.") for photo in stale]
    counts = {"freed": ends.count(Status.PENDING), "failed": ends.count(Status.FAILED)}
    waiting = Photo.objects.filter(status=Status.PENDING).count()
    if waiting:
        ring(RECOGNISE_PENDING)
    return {**counts, "waiting": waiting}


@transaction.atomic
def _give_back(photo: Photo, *, error: str) -> str:
    """Pending again, or failed if this was the last attempt; "" if another process was quicker."""
    last = photo.attempts >= settings.PHOTO_ATTEMPTS
    listing = listing_lock(photo.pk) if last else None
    # Race, fenced as in photo_finish: since the row was read, a slow worker may have finished it.
    rows = Photo.objects.filter(pk=photo.pk, status=Status.CLAIMED, attempts=photo.attempts)
    if not last:
        return Status.PENDING if rows.update(status=Status.PENDING, error=error[:300]) else ""
    failed = rows.update(
        status=Status.FAILED, outcome=Photo.Outcome.UNREADABLE, error=error[:300], finished_at=timezone.now()
    )
    if not failed:
        return ""
    log.error("photo_failed", photo=str(photo.pk), attempts=photo.attempts, error=error)
    _settled(listing)
    return Status.FAILED


def listing_lock(photo_id: UUID) -> Listing | None:
    """The photo's listing, locked; None for a visitor's photo, or if the listing is gone.

    A transaction that changes photos and their listing locks the listing first. Otherwise a worker
    that locks its photo and a seller who deletes the listing would wait for each other on
    PostgreSQL.
    """
    return Listing.objects.select_for_update(of=("self",)).filter(photos=photo_id).first()


def _settled(listing: Listing | None) -> None:
    """A photo is done or failed: refresh its listing's verdict and, in review, tell moderation."""
    if listing is None:
        return
    verdict_refresh(listing_id=listing.pk)
    if listing.status == Listing.Status.SUBMITTED:
        ring_on_commit(REVIEW_SUBMITTED)
