"""What approval does: a listing goes live, or the change that it is of another one."""

from marketplace.accounts.models import User
from marketplace.listings.life.services import listing_publish
from marketplace.listings.life.steps import ListingRefused
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.records import DecisionLate
from marketplace.moderation.models import Claim
from marketplace.photos.revisions import revision_apply


def let_in(listing: Listing, *, by: User | None) -> None:
    """Publish a listing, or the change that it is of another one. by: None for policy.

    Raises DecisionLate if the listing went on meanwhile; the caller's transaction must not stand.
    """
    if listing.revises_id is None:
        listing_publish(listing=listing, by=by)
        return
    Claim.objects.filter(listing=listing).delete()
    try:
        revision_apply(revision=listing, by=by)
    except ListingRefused as error:  # sold at this moment, for one
        raise DecisionLate(str(error)) from error
