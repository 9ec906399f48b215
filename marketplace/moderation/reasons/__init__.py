"""Why a listing is with the moderators; see ``registry``."""

from marketplace.listings.models import Listing
from marketplace.moderation.reasons import car, copied, disputed, history, reports, seller
from marketplace.moderation.reasons.registry import Found, Reason

REASONS: tuple[Reason, ...] = (
    history.APPEAL,
    reports.REPORTED,
    disputed.DISPUTED,
    history.AUDIT,
    copied.COPIED,
    car.CONTRADICTION,
    seller.PRICE,
    car.NO_CAR,
    history.BEFORE,
    history.CHANGED_LIVE,
    history.SECOND_LOOK,
    seller.NEW_SELLER,
    car.UNLISTED,
    car.UNSEEN,
    car.ALIKE,
    car.UNSURE,
    car.FAILED,
    car.FILLED,
)
"""In the order in which a page shows them."""
BY_CODE = {reason.code: reason for reason in REASONS}
HOLDING = tuple(reason for reason in REASONS if reason.holds)
"""Those that a policy may hold a listing back for."""
HOLD_BY_DEFAULT = tuple(reason.code for reason in HOLDING if reason.by_default)


def reasons_of(listing: Listing) -> list[Found]:
    """Every reason that applies to a listing now."""
    found = ((reason, reason.find(listing)) for reason in REASONS)
    return [Found(reason, values) for reason, values in found if values is not None]
