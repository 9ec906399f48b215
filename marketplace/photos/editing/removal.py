"""Removing a photo, so that it can be undone for a while."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from marketplace.listings.models import Listing
from marketplace.photos.editing.cover import cover_refresh
from marketplace.photos.editing.locks import editable_locked
from marketplace.photos.files import files_delete_on_commit, files_of
from marketplace.photos.heatmaps.services import heatmap_files
from marketplace.photos.models import Photo
from marketplace.photos.quotas import room_check
from marketplace.photos.recognition.verdict import verdict_refresh


@transaction.atomic
def photo_set_aside(*, photo: Photo) -> bool:
    """Take a photo out of its listing. ``photo_restore`` brings it back, ``photos_tidy`` ends that.

    False, and nothing changes, if its listing was submitted meanwhile and can no longer be edited,
    or if the photo is gone already.
    """
    listing_id = photo.listing_id
    if listing_id is None or not editable_locked(listing_id):
        return False
    taken = Photo.objects.filter(pk=photo.pk, listing=listing_id).update(
        listing=None, removed_from=listing_id, removed_at=timezone.now()
    )
    if taken != 1:
        return False
    verdict_refresh(listing_id=listing_id)
    cover_refresh(listing_id=listing_id)
    return True


@transaction.atomic
def photo_restore(*, listing: Listing, photo_id: UUID) -> bool:
    """Put a photo back that was removed from this listing, in its old place.

    False if that can no longer be done: it is gone for good, or the listing can no longer be
    edited. Raises PhotoRejected if the listing is full by now. If the same upload was added anew
    meanwhile, that one is the photo.
    """
    if not editable_locked(listing.pk):
        return False
    photo = Photo.objects.select_for_update(of=("self",)).filter(pk=photo_id, removed_from=listing).first()
    if photo is None:
        return False
    if Photo.objects.filter(listing=listing, upload_sha256=photo.upload_sha256).exists():
        photo_delete(photo=photo)
        return True
    room_check(listing)
    chosen = photo.chosen_cover and not Photo.objects.filter(listing=listing, chosen_cover=True).exists()
    Photo.objects.filter(pk=photo.pk).update(listing=listing, removed_from=None, removed_at=None, chosen_cover=chosen)
    verdict_refresh(listing_id=listing.pk)
    cover_refresh(listing_id=listing.pk)
    return True


@transaction.atomic
def photo_remove(*, photo: Photo) -> bool:
    """Delete a photo for good, with its predictions, and refresh the listing's verdict.

    False, and nothing changes, if its listing was submitted meanwhile and can no longer be edited.
    """
    if photo.listing_id is not None and not editable_locked(photo.listing_id):
        return False
    photo_delete(photo=photo)
    if photo.listing_id is not None:
        verdict_refresh(listing_id=photo.listing_id)
        cover_refresh(listing_id=photo.listing_id)
    return True


def photo_delete(*, photo: Photo) -> None:
    """The row and, on commit, its files. Call it inside a transaction, under the listing's lock."""
    # Race: without the lock a worker could store a prediction between the two deletes of the
    # cascade, and PostgreSQL would refuse the second one.
    Photo.objects.select_for_update(of=("self",)).filter(pk=photo.pk).first()
    files = [*files_of(photo), *heatmap_files(photo_id=photo.pk)]
    Photo.objects.filter(pk=photo.pk).delete()
    files_delete_on_commit(files)
