"""Photos from before something was measured of them: hashes to find copies, and quality."""

from collections.abc import Iterator

import structlog
from django.db import transaction

from marketplace.photos.duplicates import bands_of
from marketplace.photos.ingest import PhotoRejected, ingest
from marketplace.photos.models import Photo, PhotoBand

log = structlog.get_logger(__name__)
BATCH = 200


def photos_measure() -> Iterator[bool]:
    """Measure every photo that was not yet, one after the other; whether each could be."""
    unmeasured = Photo.objects.filter(blur=None, listing__isnull=False).order_by("pk")
    last = None
    while batch := list((unmeasured if last is None else unmeasured.filter(pk__gt=last))[:BATCH]):
        for photo in batch:
            yield photo_measure(photo=photo)
        last = batch[-1].pk


def photo_measure(*, photo: Photo) -> bool:
    """Decode a stored photo as an upload is, and keep what is found. False if that cannot be done.

    The hash of the pixels is left out: the master that is made from a master is another one.
    """
    try:
        with photo.file.open("rb") as file:
            facts = ingest(file.read(), filename="").facts()
    except (FileNotFoundError, PhotoRejected) as error:
        log.warning("photo_not_measured", photo=str(photo.pk), error=str(error))
        return False
    kept = {name: facts[name] for name in ("phash", "phash_fine", "brightness", "blur")}
    with transaction.atomic():
        # Race: it may have been removed or turned meanwhile.
        if Photo.objects.filter(pk=photo.pk, blur=None).update(**kept) != 1:
            return False
        photo.phash, photo.phash_fine = kept["phash"], kept["phash_fine"]
        PhotoBand.objects.filter(photo=photo).delete()
        PhotoBand.objects.bulk_create(bands_of(photo))
    return True
