"""What moderators take off the site: one live listing, or all of a seller, and back again."""

from collections.abc import Callable, Sequence

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.accounts.services import language_of
from marketplace.listings.life.services import (
    listing_reinstate,
    listing_take_down,
    listings_lift,
    listings_suspend,
)
from marketplace.listings.life.steps import ON_SALE, PAUSED, ListingRefused
from marketplace.listings.models import Listing, StatusChange
from marketplace.moderation.decisions.records import (
    Action,
    Circumstances,
    DecisionLate,
    DecisionRefused,
    decision_record,
)
from marketplace.moderation.decisions.rejections import reason_words
from marketplace.moderation.models import Audit, Decision, Suspension
from marketplace.moderation.roles import role_of
from marketplace.texts import paragraphs_clean

log = structlog.get_logger(__name__)


def can_take_down(*, listing: Listing, moderator: User) -> bool:
    """Whether it is on sale, or could be put back on sale by its seller."""
    return listing.status in ON_SALE | PAUSED and listing.seller_id != moderator.pk


def can_reinstate(*, listing: Listing, moderator: User) -> bool:
    """Whether it was taken down by itself, not with its seller's account."""
    if listing.status != Listing.Status.TAKEN_DOWN or listing.seller_id == moderator.pk:
        return False
    last = StatusChange.objects.filter(listing=listing).last()
    return last is None or last.step != StatusChange.Step.SUSPEND


@transaction.atomic
def take_down(*, listing: Listing, moderator: User, templates: Sequence[str] = (), words: str = "") -> Decision:
    """Take a listing off the site, with a reason that its seller reads.

    Raises DecisionRefused, or DecisionLate if it is on sale no more.
    """
    reason = reason_words(templates=templates, words=words, language=language_of(listing.seller))
    if not reason:
        raise DecisionRefused(_("Say why, so that the seller knows."))
    row = Listing.objects.select_for_update(of=("self",)).select_related("make", "car_model").get(pk=listing.pk)
    if row.status not in ON_SALE | PAUSED:
        raise DecisionLate(
            _("This listing is %(status)s by now; nothing was changed.") % {"status": row.get_status_display()}
        )
    around = Circumstances(templates=templates, audit=Audit.objects.filter(listing=row, answer=None).exists())
    decision = decision_record(row, action=Action.DOWN, moderator=moderator, reason=reason, around=around)
    _step(lambda: listing_take_down(listing=row, by=moderator, reason=reason))
    Audit.objects.filter(listing=row, answer=None).update(answer=decision)
    log.info("listing_taken_down", listing=row.code, moderator=moderator.pk)
    return decision


@transaction.atomic
def put_back(*, listing: Listing, moderator: User) -> Decision:
    """Put a listing back where it was before it was taken down.

    Raises DecisionRefused, or DecisionLate if it is not down.
    """
    row = Listing.objects.select_for_update(of=("self",)).select_related("make", "car_model").get(pk=listing.pk)
    if not can_reinstate(listing=row, moderator=moderator):
        raise DecisionLate(
            _("This listing is %(status)s by now; nothing was changed.") % {"status": row.get_status_display()}
        )
    decision = decision_record(row, action=Action.BACK, moderator=moderator)
    _step(lambda: listing_reinstate(listing=row, by=moderator))
    log.info("listing_put_back", listing=row.code, moderator=moderator.pk)
    return decision


@transaction.atomic
def seller_suspend(*, seller: User, moderator: User, reason: str) -> int:
    """All of a seller's cars leave the site at once, and none can come; returns how many went.

    Raises DecisionRefused.
    """
    reason = paragraphs_clean(reason)
    if not reason:
        raise DecisionRefused(_("Say why, so that the seller knows."))
    if seller.pk == moderator.pk or seller.is_moderator or seller.is_staff:
        raise DecisionRefused(_("This account belongs to the site's own people: an administrator has to do that."))
    # First the account: what is handed in from now on is refused, so nothing slips through below.
    if User.objects.filter(pk=seller.pk, suspended_at=None).update(suspended_at=timezone.now()) != 1:
        raise DecisionLate(_("This account is suspended already."))
    Suspension.objects.create(seller=seller, by=moderator, role=role_of(moderator), reason=reason)
    down = listings_suspend(seller=seller, by=moderator, reason=reason)
    log.info("seller_suspended", seller=seller.pk, moderator=moderator.pk, listings=down)
    return down


@transaction.atomic
def seller_restore(*, seller: User, moderator: User) -> int:
    """End a suspension: what it took down is where it was; returns how many listings.

    Raises DecisionLate.
    """
    if User.objects.filter(pk=seller.pk, suspended_at__isnull=False).update(suspended_at=None) != 1:
        raise DecisionLate(_("This account is not suspended."))
    Suspension.objects.filter(seller=seller, lifted_at=None).update(
        lifted_by=moderator, lifted_role=role_of(moderator), lifted_at=timezone.now()
    )
    back = listings_lift(seller=seller, by=moderator)
    log.info("seller_restored", seller=seller.pk, moderator=moderator.pk, listings=back)
    return back


def _step(take: Callable[[], None]) -> None:
    try:
        take()
    except ListingRefused as refused:
        raise DecisionRefused(str(refused)) from refused
