"""The lock under which a seller's photos change."""

from marketplace.listings.models import Listing
from marketplace.listings.services import EDITABLE


def listing_locked(listing_id: int) -> Listing | None:
    """The listing, locked. Always before its photos, as the worker does: see ``queue``."""
    return Listing.objects.select_for_update().filter(pk=listing_id).first()


def editable_locked(listing_id: int) -> bool:
    """Lock the listing; whether it exists and its photos may be changed."""
    row = listing_locked(listing_id)
    return row is not None and row.status in EDITABLE
