"""A listing made from another: a duplicate for the next car, or a proposed change of a live one."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.life.steps import ListingRefused, Status, Step
from marketplace.listings.models import Listing, StatusChange
from marketplace.listings.services import APPROVED, EMPTY, SELLER_FIELDS, drafts_check

SEEN_FIELDS = ("touched", "autofilled", "verdict", "certainty", "contradicts", "confirmed")
"""What the photos and the seller's answers said; a duplicate has other photos."""


@transaction.atomic
def listing_duplicate(*, listing: Listing, by: User) -> Listing:
    """Begin an advertisement of a similar car: a draft with everything but the photos.

    Raises DraftsFull.
    """
    drafts_check(seller=by)
    values = _values(listing)
    touched = sorted(name for name, value in values.items() if value not in EMPTY and value is not False)
    return _draft(Listing(seller=by, touched=touched, confirmed=listing.confirmed, **values), by)


@transaction.atomic
def revision_create(*, listing: Listing, by: User) -> tuple[Listing, bool]:
    """The proposed change of an approved listing, and whether it is new; its photos are not here.

    Raises ListingRefused if the listing is not approved, or not any more.
    """
    # Of two presses at once the second waits here, and finds the first one's change.
    row = Listing.objects.select_for_update().get(pk=listing.pk)
    if row.status not in APPROVED or row.revises_id is not None:
        raise ListingRefused(
            _("This listing is %(status)s and cannot be changed this way.") % {"status": row.get_status_display()}
        )
    begun = Listing.objects.filter(revises=row).first()
    if begun is not None and begun.status != Status.DELETED:
        return begun, False
    if begun is not None:
        begun.delete()
    seen = {name: getattr(row, name) for name in SEEN_FIELDS}
    return _draft(Listing(seller=row.seller, revises=row, **_values(row), **seen), by), True


def _values(listing: Listing) -> dict[str, Any]:
    return {name: getattr(listing, name) for name in SELLER_FIELDS}


def _draft(listing: Listing, by: User) -> Listing:
    listing.full_clean(exclude=["seller"])
    listing.save()
    StatusChange.objects.create(
        listing=listing, step=Step.CREATE, after=listing.status, actor=by, at=listing.created_at
    )  # fmt: skip
    return listing
