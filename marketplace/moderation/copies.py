"""Photos that another seller has shown, too: a person looks at them before the car goes on sale."""

import structlog
from django.db import transaction
from django.db.models import F, QuerySet

from marketplace.listings.models import Listing
from marketplace.moderation.models import CopiedPhoto, CopyCheck
from marketplace.photos.duplicates import twins_elsewhere

log = structlog.get_logger(__name__)


def copies_check_waiting() -> int:
    """Compare the photos of every listing handed in since; returns how many listings that were."""
    waiting = Listing.objects.filter(status=Listing.Status.SUBMITTED)
    return sum(copies_check(listing=listing) for listing in waiting.exclude(pk__in=compared().values("pk")))


def copies_check(*, listing: Listing) -> bool:
    """Compare a listing's photos with other sellers', and keep what is found.

    False, and nothing changes, if it no longer waits as it was. Its photos stay the same while it
    waits, so they are compared without a lock.
    """
    submitted_at = listing.submitted_at
    if submitted_at is None:
        return False
    twins = twins_elsewhere(listing=listing)
    with transaction.atomic():
        row = Listing.objects.select_for_update().filter(pk=listing.pk, submitted_at=submitted_at).first()
        if row is None or row.status != Listing.Status.SUBMITTED:
            return False
        CopiedPhoto.objects.filter(listing=row).delete()
        CopiedPhoto.objects.bulk_create(
            CopiedPhoto(listing=row, photo=twin.photo, other=twin.other, exact=twin.exact) for twin in twins
        )
        CopyCheck.objects.update_or_create(listing=row, defaults={"submitted_at": submitted_at})
    if twins:
        log.info("copied_photos", listing=row.code, photos=len(twins))
    return True


def compared() -> QuerySet[Listing]:
    """Listings whose photos were compared as they were handed in last."""
    return Listing.objects.filter(copy_check__submitted_at=F("submitted_at"))


def copies_of(*, listing: Listing) -> list[CopiedPhoto]:
    """A listing's photos that another seller has shown, too, with all that a page shows of them."""
    related = ("photo", "other__listing__make", "other__listing__car_model", "other__listing__seller")
    # Photos of the other listing that were removed since have no listing.
    return list(CopiedPhoto.objects.filter(listing=listing, other__listing__isnull=False).select_related(*related))
