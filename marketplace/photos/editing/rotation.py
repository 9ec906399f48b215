"""Turning a photo that lies on its side."""

from django.db import transaction

from marketplace.doorbell import ring_on_commit
from marketplace.photos.duplicates import bands_of
from marketplace.photos.editing.cover import cover_refresh
from marketplace.photos.editing.locks import editable_locked
from marketplace.photos.editing.removal import photo_delete
from marketplace.photos.files import files_delete, files_of, files_write
from marketplace.photos.ingest import ingest
from marketplace.photos.intake.callers import SITE, seller
from marketplace.photos.models import Photo, PhotoBand
from marketplace.photos.recognition.queue import RECOGNISE_PENDING
from marketplace.photos.recognition.verdict import verdict_refresh


def photo_rotate(*, photo: Photo, quarters: int) -> Photo | None:
    """Turn a photo clockwise, by 1 to 3 quarters of a circle, and have it recognised again.

    The turned photo is a new row in the old one's place: what a worker may find out about the old
    picture at this moment has no row to go to. None, and nothing changes, if the listing can no
    longer be edited or the photo is gone. Raises PhotoRejected if it cannot be decoded just now.
    """
    try:
        with photo.file.open("rb") as file:
            master: bytes = file.read()
    except FileNotFoundError:
        return None  # removed since the row was read
    # Decoded where uploads are: with limits, and without Pillow in this process.
    caller = seller(photo.listing.seller_id) if photo.listing else SITE
    clean = ingest(master, filename="", quarters=quarters, caller=caller)
    turned = Photo(
        listing_id=photo.listing_id,
        position=photo.position,
        original_name=photo.original_name,
        upload_sha256=photo.upload_sha256,  # so that the same upload still counts as this photo
        **clean.facts(),
        chosen_cover=photo.chosen_cover,
    )
    files_write(turned, clean)
    if _put_in_place(photo, turned):
        return turned
    files_delete(files_of(turned))
    return None


@transaction.atomic
def _put_in_place(old: Photo, turned: Photo) -> bool:
    if old.listing_id is None or not editable_locked(old.listing_id):
        return False
    # Race: turned twice by a double press, or removed meanwhile.
    if not Photo.objects.filter(pk=old.pk, listing=old.listing_id, file=old.file.name).exists():
        return False
    photo_delete(photo=old)
    turned.save(force_insert=True)
    PhotoBand.objects.bulk_create(bands_of(turned))
    verdict_refresh(listing_id=old.listing_id)
    cover_refresh(listing_id=old.listing_id)
    ring_on_commit(RECOGNISE_PENDING)
    return True
