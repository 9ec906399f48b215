"""Looking again at photos whose listings wait for a decision, or are in doubt, with the version that serves now.

As with photos, the table is the queue and the broker only rings: see ``photos.queue``. ``attempts`` is raised before
the work; it and ``claimed_at`` are the fence: whoever comes back with older ones changes nothing.
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
from marketplace.moderation.selectors import claimed_by_others
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.queue import listing_lock, photo_seen_again, prediction_values
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
    """There is no version that could look again; the message is one clear line for the operator."""


@dataclass(frozen=True)
class Counts:
    """How far a re-recognition is, in photos."""

    total: int
    done: int
    """Looked at, or given up."""
    failed: int


def rerecognition_request(*, scope: str) -> Rerecognition:
    """Ask the version that serves to look again at these listings' photos. Raises RerecognitionRefused.

    It is planned by ``rerecognition_plan``, which whoever asked may call, and else the worker does.
    """
    champion = champion_get()
    if champion is None:
        raise RerecognitionRefused("No model version serves yet; run: python manage.py setup_site")
    asked = Rerecognition(version=champion, scope=scope, operator=account_name())
    asked.full_clean()
    asked.save()
    return asked


def promotion_notice() -> Rerecognition | None:
    """The re-recognition that the last change of the champion asks for; None if it has been asked for, or never was.

    A site's first version has no predecessor whose word could be in doubt.
    """
    last = Promotion.objects.select_related("version").order_by("-pk").first()
    if last is None or last.previous_id is None or last.version.status != ModelVersion.Status.CHAMPION:
        return None
    asked, new = Rerecognition.objects.get_or_create(promotion=last, defaults={"version": last.version})
    return asked if new else None


def rerecognition_plan(*, asked: Rerecognition, limit: int = LISTINGS_AT_ONCE) -> bool:
    """Enter the photos of the next listings; False once all are entered, or it has ended.

    May be called by several at once and by anybody after a process that was killed over it.
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
    # The listing first, as everybody does: who removes its photos waits for these rows, or these find no photo.
    listing = Listing.objects.select_for_update().filter(pk=listing_id).first()
    # And its own row: rows that are entered after it has ended would wait for ever.
    if not Rerecognition.objects.select_for_update().filter(pk=asked.pk, status=Status.PLANNING).exists():
        return
    if listing is None or not _is_wanted(listing, asked.scope):
        return
    photos = Photo.objects.filter(listing=listing, status=Photo.Status.DONE)
    seen = set(
        Prediction.objects.filter(photo__in=photos, model_version=asked.version_id).values_list("photo_id", flat=True)
    )
    keys = list(photos.order_by("position", "created_at").values_list("pk", flat=True))
    speaks = listing.verdict is not None and listing.verdict["version"] == asked.version.version
    if seen.issuperset(keys) and (speaks or listing.verdict is None):
        return  # it has said all that it can say
    priority = 0 if listing.status == Listing.Status.SUBMITTED else 1  # there a person waits for the other's word
    looks = [SecondLook(rerecognition=asked, photo_id=key, priority=priority) for key in keys]
    SecondLook.objects.bulk_create(looks, ignore_conflicts=True)


def _is_wanted(listing: Listing, scope: str) -> bool:
    pending = listing.status == Listing.Status.SUBMITTED
    doubtful = listing.status in REVIEWABLE and is_doubtful(listing)
    return {Scope.ALL: True, Scope.PENDING: pending, Scope.DOUBTFUL: doubtful, Scope.OPEN: pending or doubtful}[
        Scope(scope)
    ]


def is_doubtful(listing: Listing) -> bool:
    """Whether the photos say no model with the confidence that fills in a form, or another one than the seller."""
    verdict = listing.verdict
    if verdict is None or verdict["model"] is None or listing.contradiction:
        return True
    return bool(verdict["model"]["confidence"] < verdict["thresholds"]["model"])


def looks_claim(*, version: ModelVersion, limit: int) -> list[SecondLook]:
    """Take up to ``limit`` photos that this version shall look at again; no other worker gets the same ones meanwhile.

    Those of listings that wait for review come first. One that was tried before comes alone and last, in case it was
    what killed its worker. Listings that a moderator looks at now are left alone.
    """
    if not _free(version).exists():
        return []  # without taking SQLite's write lock
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
    *, look: SecondLook, version: ModelVersion, recognition: "Recognition | None", body_threshold: float | None = None
) -> Ended:
    """Store what the version says now and fuse the listing's verdict again, all or nothing.

    recognition: None if this version had looked at the photo before. "held": a moderator has opened the listing
    meanwhile, so it stays as they see it until they are done. "late": the claim or the photo is gone.
    """
    if recognition is not None and recognition.status == UNREADABLE and look.photo.outcome != UNREADABLE:
        # Its file is lost, or the storage is away: no reason to forget what was seen on it.
        return _fail(look, recognition.error or "The photo cannot be read any more.")
    # Reads the catalogue: before the transaction, which holds locks.
    values = None if recognition is None else prediction_values(recognition, version, body_threshold)
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
    """Remember what a batch raised. Its claims last on, so that each photo is tried again alone and after a rest."""
    for look in looks:
        _claimed(look).update(error=error[:300])


def rerecognitions_tidy() -> bool:
    """End what has ended: photos that used up their attempts, and re-recognitions; whether any is still going on."""
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
    """Notice a new champion, end what has ended, ring for what is left: what makes lost doorbells harmless."""
    promotion_notice()
    left = rerecognitions_tidy()
    # A task that works rings for the next one itself. Ringing beside it would start a second such chain, and a third,
    # and new photos, reviews and heat maps would stand in a queue behind them all.
    if left and not SecondLook.objects.filter(claimed_at__gt=_expired()).exists():
        ring(RERECOGNISE)
    return left


def rerecognition_counts(*, asked: Rerecognition) -> Counts:
    """How far it is."""
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
    # Not fenced by a claim that has run out: it is failed by whoever finds it.
    failed = _claimed(look).update(status=SecondLook.Status.FAILED, error=error[:300])
    if failed:
        log.warning("second_look_failed", photo=str(look.photo_id), attempts=look.attempts, error=error)
    return "failed" if failed else "late"


def _unclaimed() -> QuerySet[SecondLook]:
    """Waiting, and in the hands of no worker that may still be at it."""
    return SecondLook.objects.filter(
        Q(claimed_at=None) | Q(claimed_at__lte=_expired()),
        status=SecondLook.Status.PENDING,
        rerecognition__status__in=GOING_ON,
    )


def _expired() -> datetime:
    """Claims from before this moment hold no more."""
    return timezone.now() - timedelta(seconds=settings.PHOTO_CLAIM_SECONDS)


def _free(version: ModelVersion) -> QuerySet[SecondLook]:
    held = claimed_by_others(moderator=None).values("listing_id")
    return (
        _unclaimed()
        .filter(attempts__lt=settings.PHOTO_ATTEMPTS, rerecognition__version=version)
        .exclude(photo__listing__in=held)
    )


def _claimed(look: SecondLook) -> QuerySet[SecondLook]:
    """The row, if this claim is still its newest."""
    return SecondLook.objects.filter(
        pk=look.pk, status=SecondLook.Status.PENDING, attempts=look.attempts, claimed_at=look.claimed_at
    )
