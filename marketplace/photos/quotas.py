"""How much may be uploaded, by one seller and into one listing.

A script with an account must not fill the site.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone

from marketplace.listings.models import Listing
from marketplace.photos.ingest import PhotoRejected
from marketplace.photos.models import Photo

HOUR = timedelta(hours=1)
# Of a master and its card, for each of the master's pixels. Sizes are not in the table, and asking
# the storage for thousands of files would take minutes: a round figure does.
BYTES_PER_PIXEL = 0.5


def quota_check(*, seller_id: int) -> None:
    """Raises PhotoRejected, which says what is reached and what to do.

    Uploads that run at the same moment may each be the last one: the limits are that exact.
    """
    photos = Photo.objects.filter(listing__seller=seller_id)
    recent = photos.filter(created_at__gt=timezone.now() - HOUR)
    if recent.count() >= settings.SELLER_PHOTOS_PER_HOUR:
        raise PhotoRejected(
            "too_often",
            f"You have added {settings.SELLER_PHOTOS_PER_HOUR} photos within an hour, which is the limit. "
            f"Go on in {_minutes(recent.order_by('created_at').values_list('created_at', flat=True)[0])} min.",
        )
    pixels = photos.aggregate(pixels=Sum(F("width") * F("height")))["pixels"] or 0
    if pixels * BYTES_PER_PIXEL >= settings.SELLER_MB * 2**20:
        raise PhotoRejected(
            "quota",
            f"Your photos take {settings.SELLER_MB} MB, which is the limit. Delete listings that you no longer need.",
        )


def room_check(listing: Listing) -> None:
    """Raises PhotoRejected if the listing has as many photos as it may have."""
    if Photo.objects.filter(listing=listing).count() >= settings.PHOTOS_PER_LISTING:
        raise PhotoRejected(
            "too_many",
            f"This listing already has {settings.PHOTOS_PER_LISTING} photos, which is the limit. Remove one first.",
        )


def _minutes(oldest: datetime) -> int:
    """Until the oldest of these photos is an hour old; at least one."""
    return max(1, -(-int((oldest + HOUR - timezone.now()).total_seconds()) // 60))
