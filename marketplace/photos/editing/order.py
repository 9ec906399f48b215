"""The order of a listing's photos, as the seller puts them."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from marketplace.listings.models import Listing
from marketplace.photos.editing.cover import cover_choose, cover_refresh, positions_store
from marketplace.photos.editing.locks import editable_locked
from marketplace.photos.models import Photo


@transaction.atomic
def photos_reorder(
    *, listing: Listing, photo_ids: Sequence[UUID], by_hand: bool = False, as_cover: bool = False
) -> None:
    """Put the named photos first, in this order; the others follow in their old order.

    A page may not know the newest upload yet, or may name a photo that is gone: unknown ids are
    ignored. The photos of a listing that can no longer be edited stay as they are. by_hand: a
    person did this, so a new first photo is the cover that they chose; as_cover: so is the old one.
    """
    if not editable_locked(listing.pk):
        return
    # By primary key, so that two people moving photos at once take the locks in one order.
    rows = {row.pk: row for row in Photo.objects.select_for_update().filter(listing=listing).order_by("pk")}
    named = [rows[key] for key in dict.fromkeys(photo_ids) if key in rows]
    old = sorted(rows.values(), key=lambda row: (row.position, row.created_at))
    new = [*named, *(row for row in old if row not in named)]
    positions_store(new)
    if by_hand:
        cover_choose(new, before=None if as_cover or not old else old[0].pk)
    cover_refresh(listing_id=listing.pk)
