"""How much may be uploaded, by one seller and into one listing.

A script with an account must not fill the site.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

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
            _("You have added %(most)s photos within an hour, which is the limit. Go on in %(minutes)s min.")
            % {
                "most": settings.SELLER_PHOTOS_PER_HOUR,
                "minutes": _minutes(recent.order_by("created_at").values_list("created_at", flat=True)[0]),
            },
        )
    pixels = photos.aggregate(pixels=Sum(F("width") * F("height")))["pixels"] or 0
    if pixels * BYTES_PER_PIXEL >= settings.SELLER_MB * 2**20:
        raise PhotoRejected(
            "quota",
            _("Your photos take %(most)s MB, which is the limit. Delete listings that you no longer need.")
            % {"most": settings.SELLER_MB},
        )


def room_check(listing: Listing) -> None:
    """Raises PhotoRejected if the listing has as many photos as it may have."""
    if Photo.objects.filter(listing=listing).count() >= settings.PHOTOS_PER_LISTING:
        raise PhotoRejected(
            "too_many",
            _("This listing already has %(most)s photos, which is the limit. Remove one first.")
            % {"most": settings.PHOTOS_PER_LISTING},
        )


def _minutes(oldest: datetime) -> int:
    """Until the oldest of these photos is an hour old; at least one."""
    return max(1, -(-int((oldest + HOUR - timezone.now()).total_seconds()) // 60))
