"""A proposed change of what identifies a live car: reviewed while buyers see the old state.

It is a listing of its own that ``revises`` the approved one. So the seller's page, the photos'
recognition and the moderators' queue work on it as on any draft. When it is approved its values
become the other's; rejected, it is gone, and the seller is told why. Photos: photos.revisions.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.copies import SEEN_FIELDS
from marketplace.listings.life.mails import Kind, mail_queue
from marketplace.listings.life.steps import ListingRefused, Step, step_take
from marketplace.listings.models import Listing
from marketplace.listings.services import FREE_FIELDS, SELLER_FIELDS

REVIEWED_FIELDS = tuple(name for name in SELLER_FIELDS if name not in FREE_FIELDS)
"""What a change brings along. The free fields may have been changed on the live listing since."""


@transaction.atomic
def revision_apply(*, revision: Listing, by: User | None) -> Listing:
    """End the review: the change is what buyers see from now on. by: None for policy.

    Returns the listing that it changed. Raises ListingRefused if that is no longer on sale.
    """
    listing = _revised(revision)
    values = {name: getattr(revision, name) for name in (*REVIEWED_FIELDS, *SEEN_FIELDS)}
    step_take(listing=listing, step=Step.REVISE, by=by, **values)
    mail_queue(listing=listing, kind=Kind.REVISED)
    return listing


@transaction.atomic
def revision_refuse(*, revision: Listing, by: User, reason: str) -> None:
    """End the review: buyers go on seeing what they saw, and the seller is told why."""
    listing = _revised(revision)
    step_take(listing=listing, step=Step.KEEP, by=by, words=reason)
    mail_queue(listing=listing, kind=Kind.KEPT, words=reason)


def _revised(revision: Listing) -> Listing:
    if revision.revises is None:
        raise ListingRefused(_("This is no change of another listing."))
    return revision.revises
