"""Let the version that serves now look again at photos of listings that wait or are in doubt.

As with new photos, the table is the queue and the broker only rings: see photos.queue. `attempts`
is raised before the work. With `claimed_at` it is the fence: a worker that comes back with older
values changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from marketplace.account import account_name
from marketplace.doorbell import ring
from marketplace.listings.models import Listing
from marketplace.listings.services import REVIEWABLE
from marketplace.listings.verdicts import model_sure
from marketplace.moderation.selectors import claimed_by_others
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.recognition.queue import listing_lock, photo_seen_again, prediction_values
from marketplace.refusals import Refused
from marketplace.registry.models import ModelVersion, Promotion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import RERECOGNISE
from marketplace.training.models import Rerecognition, SecondLook

if TYPE_CHECKING:
    from classifier.recognition import Recognition

log = structlog.get_logger(__name__)

Scope = Rerecognition.Scope
Status = Rerecognition.Status
Ended = Literal["done", "failed", "held", "late"]
GOING_ON = (Status.PLANNING, Status.RUNNING)
LISTINGS_AT_ONCE = 50
UNREADABLE = Photo.Outcome.UNREADABLE
STOPPED = "The recognition stopped without an answer."


class RerecognitionRefused(Refused):
    """No version serves that could look again; the message is one clear line for the operator."""


@dataclass(frozen=True)
class Counts:
    """The progress of a re-recognition, in photos."""

    total: int
    done: int
    """Looked at, or failed."""
    failed: int


def rerecognition_request(*, scope: str) -> Rerecognition:
    """Let the version that serves look again at these listings' photos.

    rerecognition_plan enters the photos; the caller may call it, else the worker does. Raises
    RerecognitionRefused.
    """
    champion = champion_get()
    if champion is None:
        raise RerecognitionRefused("No model version serves yet; run: python manage.py setup_site")
    asked = Rerecognition(version=champion, scope=scope, operator=account_name())
    asked.full_clean()
    asked.save()
    return asked


def promotion_notice() -> Rerecognition | None:
    """Request the re-recognition that the last change of the champion calls for.

    None if there is nothing to request: it was requested before, or the champion is the site's
    first and replaced no answers.
    """
    last = Promotion.objects.select_related("version").order_by("-pk").first()
    if last is None or last.previous_id is None or last.version.status != ModelVersion.Status.CHAMPION:
        return None
    asked, new = Rerecognition.objects.get_or_create(promotion=last, defaults={"version": last.version})
    return asked if new else None


def rerecognition_plan(*, asked: Rerecognition, limit: int = LISTINGS_AT_ONCE) -> bool:
    """Enter the photos of the next listings; False once all are entered, or it has ended.

    Several processes may call it at once, and any may continue where a killed one stopped.
    """
    asked.refresh_from_db()
    if asked.status != Status.PLANNING:
        return False
    listings = Listing.objects.filter(pk__gt=asked.planned_to, photos__status=Photo.Status.DONE)
    if asked.scope != Scope.ALL:
        wanted = {Listing.Status.SUBMITTED} if asked.scope == Scope.PENDING else REVIEWABLE
        listings = listings.filter(status__in=wanted)
    keys = list(listings.order_by("pk").values_list("pk", flat=True).distinct()[:limit])
    for key in keys:
        _plan_listing(asked, key)
    if len(keys) < limit:
        Rerecognition.objects.filter(pk=asked.pk, status=Status.PLANNING).update(status=Status.RUNNING)
        return False
    Rerecognition.objects.filter(pk=asked.pk, status=Status.PLANNING).update(planned_to=keys[-1])
    return True


@transaction.atomic
def _plan_listing(asked: Rerecognition, listing_id: int) -> None:
    # The listing is locked first, as everywhere: whoever removes its photos comes before or after.
    listing = Listing.objects.select_for_update().filter(pk=listing_id).first()
    # And the re-recognition: photos entered after its end would wait for ever.
    if not Rerecognition.objects.select_for_update().filter(pk=asked.pk, status=Status.PLANNING).exists():
        return
    if listing is None or not _is_wanted(listing, asked.scope):
        return
    photos = Photo.objects.filter(listing=listing, status=Photo.Status.DONE)
    seen = set(
        Prediction.objects.filter(photo__in=photos, model_version=asked.version_id).values_list("photo_id", flat=True)
    )
    keys = list(photos.order_by("position", "created_at").values_list("pk", flat=True))
    current = listing.verdict is None or listing.verdict["version"] == asked.version.version
    if seen.issuperset(keys) and current:
        return  # another look would change nothing
    priority = 0 if listing.status == Listing.Status.SUBMITTED else 1  # of submitted listings a person waits
    looks = [SecondLook(rerecognition=asked, photo_id=key, priority=priority) for key in keys]
    SecondLook.objects.bulk_create(looks, ignore_conflicts=True)


def _is_wanted(listing: Listing, scope: str) -> bool:
    pending = listing.status == Listing.Status.SUBMITTED
    doubtful = listing.status in REVIEWABLE and is_doubtful(listing)
    return {Scope.ALL: True, Scope.PENDING: pending, Scope.DOUBTFUL: doubtful, Scope.OPEN: pending or doubtful}[
        Scope(scope)
    ]


def is_doubtful(listing: Listing) -> bool:
    """Whether the verdict contradicts the seller, or is too unsure to fill in the model."""
    verdict = listing.verdict
    if verdict is None or verdict["model"] is None or listing.contradiction:
        return True
    return not model_sure(verdict)


def looks_claim(*, version: ModelVersion, limit: int) -> list[SecondLook]:
    """Claim up to `limit` photos that this version looks at again; no other worker gets them.

    Photos of listings that wait for review come first. A photo that was tried before comes last
    and alone, because it may have killed its worker. Listings that a moderator has open now are
    left alone.
    """
    if not _free(version).exists():
        return []  # asked first because the transaction takes SQLite's write lock
    with transaction.atomic():
        free = _free(version).select_related("photo").order_by("attempts", "priority", "pk")
        looks = list(free.select_for_update(skip_locked=True, of=("self",))[:limit])
        looks = [look for look in looks if look.attempts == 0] or looks[:1]
        now = timezone.now()
        SecondLook.objects.filter(pk__in=[look.pk for look in looks]).update(
            attempts=F("attempts") + 1, claimed_at=now
        )  # fmt: skip
    for look in looks:
        look.attempts, look.claimed_at = look.attempts + 1, now
    return looks


def look_finish(
    *,
    look: SecondLook,
    version: ModelVersion,
    recognition: "Recognition | None",
    body_threshold: float | None = None,
    colour_threshold: float | None = None,
) -> Ended:
    """Store the version's answer and fuse the listing's verdict again, all or nothing.

    recognition: None if the version has looked at this photo before. Returns "held" if a moderator
    has opened the listing meanwhile: it stays as they see it until they are done. Returns "late" if
    the claim or the photo is gone.
    """
    if recognition is not None and recognition.status == UNREADABLE and look.photo.outcome != UNREADABLE:
        # The file is lost, or the storage is away: the earlier answer stays.
        return _fail(look, recognition.error or "The photo cannot be read any more.")
    # It reads the catalogue, so it comes before the transaction, which holds locks.
    values = (
        None
        if recognition is None
        else prediction_values(recognition, version, body_threshold=body_threshold, colour_threshold=colour_threshold)
    )
    with transaction.atomic():
        listing = listing_lock(look.photo_id)
        if listing is None:
            return "late"
        if claimed_by_others(moderator=None).filter(listing=listing).exists():
            _claimed(look).update(attempts=F("attempts") - 1, claimed_at=None)
            return "held"
        if _claimed(look).update(status=SecondLook.Status.DONE, error="") != 1:
            log.info("second_look_finished_late", photo=str(look.photo_id), attempt=look.attempts)
            return "late"
        photo_seen_again(photo=look.photo, listing=listing, version=version, values=values)
    return "done"


def looks_note(*, looks: Sequence[SecondLook], error: str) -> None:
    """Store the error that a batch raised. Its claims stay, so that each photo is retried later."""
    for look in looks:
        _claimed(look).update(error=error[:300])


def rerecognitions_tidy() -> bool:
    """Close photos without attempts left, and finished re-recognitions; whether any is left."""
    exhausted = _unclaimed().filter(attempts__gte=settings.PHOTO_ATTEMPTS)
    for look in exhausted.select_related("rerecognition"):
        _fail(look, look.error or STOPPED)
    champion = champion_get()
    for asked in Rerecognition.objects.filter(status__in=GOING_ON):
        if champion is None or asked.version_id != champion.pk:
            _end(asked, Status.SUPERSEDED)
        elif asked.status == Status.RUNNING and not asked.looks.filter(status=SecondLook.Status.PENDING).exists():
            _end(asked, Status.DONE)
    return Rerecognition.objects.filter(status__in=GOING_ON).exists()


def rerecognitions_sweep() -> bool:
    """Notice a new champion, tidy up and ring for what is left: lost doorbells do no harm."""
    promotion_notice()
    left = rerecognitions_tidy()
    # A working task rings for the next one itself. Ringing now would start a second chain of tasks,
    # with new photos, reviews and heat maps waiting behind both.
    if left and not SecondLook.objects.filter(claimed_at__gt=_expired()).exists():
        ring(RERECOGNISE)
    return left


def rerecognition_counts(*, asked: Rerecognition) -> Counts:
    """How far a re-recognition is."""
    if asked.status not in GOING_ON:
        return Counts(asked.total, asked.done, asked.failed)
    return _count(asked)


def _count(asked: Rerecognition) -> Counts:
    counts = asked.looks.aggregate(
        total=Count("pk"),
        pending=Count("pk", filter=Q(status=SecondLook.Status.PENDING)),
        failed=Count("pk", filter=Q(status=SecondLook.Status.FAILED)),
    )
    return Counts(counts["total"], counts["total"] - counts["pending"], counts["failed"])


@transaction.atomic
def _end(asked: Rerecognition, status: Status) -> None:
    counts = _count(asked)
    ended = Rerecognition.objects.filter(pk=asked.pk, status=asked.status).update(
        status=status, total=counts.total, done=counts.done, failed=counts.failed, finished_at=timezone.now()
    )
    if ended:
        SecondLook.objects.filter(rerecognition=asked).delete()
        log.info("rerecognition_ended", rerecognition=asked.pk, status=status, photos=counts.done)


def _fail(look: SecondLook, error: str) -> Ended:
    # An expired claim is still the newest one, so whoever finds the photo may fail it.
    failed = _claimed(look).update(status=SecondLook.Status.FAILED, error=error[:300])
    if failed:
        log.warning("second_look_failed", photo=str(look.photo_id), attempts=look.attempts, error=error)
    return "failed" if failed else "late"


def _unclaimed() -> QuerySet[SecondLook]:
    """Photos that wait, and that no worker may still be working on."""
    return SecondLook.objects.filter(
        Q(claimed_at=None) | Q(claimed_at__lte=_expired()),
        status=SecondLook.Status.PENDING,
        rerecognition__status__in=GOING_ON,
    )


def _expired() -> datetime:
    """Claims from before this time have expired."""
    return timezone.now() - timedelta(seconds=settings.PHOTO_CLAIM_SECONDS)


def _free(version: ModelVersion) -> QuerySet[SecondLook]:
    held = claimed_by_others(moderator=None).values("listing_id")
    return (
        _unclaimed()
        .filter(attempts__lt=settings.PHOTO_ATTEMPTS, rerecognition__version=version)
        .exclude(photo__listing__in=held)
    )


def _claimed(look: SecondLook) -> QuerySet[SecondLook]:
    """The photo's row, if this claim is still its newest."""
    return SecondLook.objects.filter(
        pk=look.pk, status=SecondLook.Status.PENDING, attempts=look.attempts, claimed_at=look.claimed_at
    )
