"""The end of an account: what is gone, and what stays without a person."""

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.life.services import listings_note_gone
from marketplace.listings.models import Listing
from marketplace.photos.files import files_delete, files_of
from marketplace.photos.heatmaps.services import heatmap_files
from marketplace.photos.models import Photo
from marketplace.photos.portraits import portrait_files

log = structlog.get_logger(__name__)


class AccountKept(Exception):
    """This account cannot be deleted; the message says why."""


@transaction.atomic
def account_delete(*, user: User) -> None:
    """Remove a person: account, addresses, listings with photos and their files, saved cars.

    What others need stays and names nobody: decisions (moderation learns from them), suspensions
    and policies lose their author, and conversations stay with the other one. Raises AccountKept.
    """
    row = User.objects.select_for_update().get(pk=user.pk)
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=row.pk)
    if row.is_superuser and not others.exists():
        raise AccountKept(_("You are the site's only operator. Make somebody else one first."))
    photos = list(Photo.objects.filter(listing__seller=row))
    files = [file for photo in photos for file in (*files_of(photo), *heatmap_files(photo_id=photo.pk))]
    files += portrait_files(row)
    key = row.pk
    listings_note_gone(Listing.objects.filter(seller=row))
    row.delete()
    log.info("account_deleted", user=key, photos=len(photos))
    # A crash before it leaves files that photos_tidy finds.
    transaction.on_commit(lambda: files_delete(files))
