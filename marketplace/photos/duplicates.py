"""The same picture twice: in one listing, or in another seller's.

The same file, and the same pixels in another file, are found by their hashes. What was scaled,
encoded anew, brightened or watermarked differs in few bits of two perceptual hashes. A 64-bit one
finds candidates, a 256-bit one tells them apart, with the limits that were measured for cleaning
training photos: see classifier.training.data.cleaning.near_duplicates.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from django.db.models import Q, QuerySet

from marketplace.listings.models import Listing
from marketplace.photos.models import Photo, PhotoBand

LIMIT_64, LIMIT_256 = 10, 40
"""The most bits in which two hashes of one picture differ."""
BANDS, BITS = 4, 16
RADIUS = LIMIT_64 // BANDS
"""Hashes that differ in LIMIT_64 bits differ in this many or fewer in at least one of the bands."""
_FLIPS = [sum(1 << bit for bit in bits) for count in range(RADIUS + 1) for bits in combinations(range(BITS), count)]
NOT_OFFERED = (Listing.Status.DRAFT, Listing.Status.DELETED)


@dataclass(frozen=True)
class Twin:
    """A photo that shows the same picture as another one."""

    photo: Photo
    other: Photo
    exact: bool
    """The same file or the same pixels; else alike in their perceptual hashes."""


def band_keys(phash: str) -> list[int]:
    """The keys of a hash's quarters: see PhotoBand."""
    value = int(phash, 16)
    return [band << BITS | value >> band * BITS & (1 << BITS) - 1 for band in range(BANDS)]


def bands_of(photo: Photo) -> list[PhotoBand]:
    """The rows under which a photo is found; none for one that is too plain."""
    if not photo.phash_fine:
        return []
    return [PhotoBand(photo=photo, key=key) for key in band_keys(photo.phash)]


def twins_within(photos: Sequence[Photo]) -> dict[Photo, Twin]:
    """Of photos of one listing, those that show the same picture as an earlier one."""
    found: dict[Photo, Twin] = {}
    for earlier, later in combinations(photos, 2):
        if later not in found and (twin := _twin(later, earlier)):
            found[later] = twin
    return found


def twins_elsewhere(*, listing: Listing) -> list[Twin]:
    """This listing's photos that another seller has shown, too; at most one twin for each.

    Drafts are private, and deleted is deleted: photos of such listings are not compared.
    """
    photos = list(Photo.objects.filter(listing=listing))
    theirs = Photo.objects.filter(listing__isnull=False).exclude(listing__seller=listing.seller_id)
    theirs = theirs.exclude(listing__status__in=NOT_OFFERED)
    return [twin for photo in photos if (twin := next(_twins_among(photo, theirs), None))]


def _twins_among(photo: Photo, others: QuerySet[Photo]) -> Iterator[Twin]:
    """Exact ones first, then the most alike."""
    same = Q(upload_sha256=photo.upload_sha256)
    if photo.master_sha256:
        same |= Q(master_sha256=photo.master_sha256)
    for other in others.filter(same).order_by("created_at"):
        yield Twin(photo, other, exact=True)
    near = [other for other in _candidates(photo, others) if _is_near(photo, other)]
    for other in sorted(near, key=lambda other: (_bits(photo.phash_fine, other.phash_fine), other.created_at)):
        yield Twin(photo, other, exact=False)


def _candidates(photo: Photo, others: QuerySet[Photo]) -> Iterable[Photo]:
    """Photos that share a quarter of the hash up to RADIUS bits: 548 places of one index."""
    if not photo.phash_fine:
        return []
    keys = [key ^ flip for key in band_keys(photo.phash) for flip in _FLIPS]
    alike = PhotoBand.objects.filter(key__in=keys).values_list("photo_id", "photo__phash")
    near = {key for key, phash in alike if _bits(photo.phash, phash) <= LIMIT_64}
    return others.filter(pk__in=near)


def _twin(photo: Photo, other: Photo) -> Twin | None:
    if photo.master_sha256 and photo.master_sha256 == other.master_sha256:
        return Twin(photo, other, exact=True)
    return Twin(photo, other, exact=False) if _is_near(photo, other) else None


def _is_near(photo: Photo, other: Photo) -> bool:
    if not photo.phash_fine or not other.phash_fine:
        return False
    if _bits(photo.phash, other.phash) > LIMIT_64:
        return False
    return _bits(photo.phash_fine, other.phash_fine) <= LIMIT_256


def _bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()
