"""Photos of a proposed change of a live listing: copied when it begins, taken over when approved.

The files are copied, too. So nothing that happens to a change's photos, which may be turned or
removed, shows on the live page.
"""

from collections.abc import Iterable
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.copies import revision_create
from marketplace.listings.life import revisions
from marketplace.listings.life.steps import ListingRefused
from marketplace.listings.models import Listing
from marketplace.photos.duplicates import bands_of
from marketplace.photos.files import files_delete, files_of
from marketplace.photos.heatmaps.services import heatmap_files
from marketplace.photos.models import Photo, PhotoBand, Prediction
from marketplace.photos.selectors import photos_of


def revision_start(*, listing: Listing, by: User) -> Listing:
    """The proposed change of an approved listing, with its photos; the one begun, if there is one.

    Raises ListingRefused.
    """
    copied: list[tuple[Photo, Photo]] = []
    try:
        with transaction.atomic():
            revision, is_new = revision_create(listing=listing, by=by)
            if is_new:
                for photo in photos_of(listing=listing):
                    copied.append((photo, _photo_copy(photo, revision)))
                _predictions_copy(copied)
    except BaseException:
        # The rows are gone with the transaction; the files would wait for photos_tidy.
        files_delete([file for _, copy in copied for file in files_of(copy)])
        raise
    return revision


def revision_apply(*, revision: Listing, by: User | None) -> Listing:
    """Put an approved change on sale in place of what buyers saw. Raises ListingRefused."""
    with transaction.atomic():
        listing = revisions.revision_apply(revision=revision, by=by)
        old = {_same(photo): photo for photo in photos_of(listing=listing)}
        new = list(photos_of(listing=revision))
        # An unchanged photo keeps its row: labels and decisions refer to it.
        gone = [photo for key, photo in old.items() if key not in {_same(one) for one in new}]
        gone += [photo for photo in new if _same(photo) in old]
        files = [file for photo in gone for file in files_of(photo)]
        files += [file for photo in gone for file in heatmap_files(photo_id=photo.pk)]
        kept = [old.get(_same(photo), photo) for photo in new]
        # Before the others move: an upload is in a listing only once.
        Photo.objects.filter(pk__in=[photo.pk for photo in gone]).delete()
        for position, (photo, changed) in enumerate(zip(kept, new, strict=True)):
            chosen = changed.chosen_cover
            Photo.objects.filter(pk=photo.pk).update(listing=listing, position=position, chosen_cover=chosen)
        _remove(revision)
        transaction.on_commit(lambda: files_delete(files))
    return listing


@transaction.atomic
def revision_refuse(*, revision: Listing, by: User, reason: str) -> None:
    """Discard a rejected change; its seller is told why. Raises ListingRefused."""
    revisions.revision_refuse(revision=revision, by=by, reason=reason)
    _discard(revision)


@transaction.atomic
def revision_discard(*, revision: Listing) -> None:
    """The seller thinks better of it. Raises ListingRefused if it was approved meanwhile."""
    row = Listing.objects.select_for_update().filter(pk=revision.pk, revises__isnull=False).first()
    if row is None:
        raise ListingRefused(_("This change was reviewed meanwhile."))
    _discard(row)


def _discard(revision: Listing) -> None:
    photos = list(photos_of(listing=revision))
    files = [file for photo in photos for file in (*files_of(photo), *heatmap_files(photo_id=photo.pk))]
    _remove(revision)
    transaction.on_commit(lambda: files_delete(files))


def _remove(revision: Listing) -> None:
    # Not by the object: its key is still needed by the caller.
    Listing.objects.filter(pk=revision.pk).delete()


def _same(photo: Photo) -> tuple[str, int, int, str]:
    """Equal for a photo and its unchanged copy; a turned one differs."""
    return photo.upload_sha256, photo.width, photo.height, photo.phash


def _photo_copy(photo: Photo, revision: Listing) -> Photo:
    copy = Photo(**{field.attname: getattr(photo, field.attname) for field in Photo._meta.concrete_fields})
    copy.pk = uuid4()
    copy.listing = revision
    if not photo.is_settled:
        copy.status, copy.claimed_at, copy.attempts = Photo.Status.PENDING, None, 0
    for name in ("file", "card"):
        _file_copy(getattr(photo, name), getattr(copy, name))
    copy.save(force_insert=True)
    PhotoBand.objects.bulk_create(bands_of(copy))
    # It was uploaded when the other was: quotas count by that.
    Photo.objects.filter(pk=copy.pk).update(created_at=photo.created_at)
    return copy


def _file_copy(source: FieldFile, target: FieldFile) -> None:
    with source.open("rb") as file:
        target.save(f"{uuid4().hex}.jpg", ContentFile(file.read()), save=False)


def _predictions_copy(copied: Iterable[tuple[Photo, Photo]]) -> None:
    columns = [field.attname for field in Prediction._meta.concrete_fields if field.attname not in {"id", "photo_id"}]
    Prediction.objects.bulk_create(
        Prediction(photo=copy, **{name: getattr(said, name) for name in columns})
        for photo, copy in copied
        for said in reversed(photo.predictions.all())  # the newest last, as they were said
    )
