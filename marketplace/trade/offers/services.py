"""Offers: made, answered and taken back, each step once."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.life.services import listing_reserve
from marketplace.listings.life.steps import ON_SALE, ListingRefused, Status
from marketplace.listings.models import Listing
from marketplace.trade.limits import OFFERS
from marketplace.trade.messages.services import limit_take, message_add, thread_locked
from marketplace.trade.models import Message, Offer, Side, Thread
from marketplace.trade.refusals import TradeRefused


@transaction.atomic
def offer_make(*, thread: Thread, by: User, price: Decimal) -> Offer:
    """Offer a sum in the listing's currency.

    Answers the other side's open offer with another sum, and replaces one's own. Raises
    TradeRefused if the car is not on sale, and ValidationError.
    """
    listing = _listing_locked(thread)
    row, side = thread_locked(thread=thread, by=by)
    if Status(listing.status) not in ON_SALE:
        raise TradeRefused(_("This car is not on sale now, so nothing can be offered for it."))
    limit_take(by, OFFERS)
    before = Offer.objects.filter(thread=row, status=Offer.Status.OPEN).first()
    if before is not None:
        _settle(before, Offer.Status.WITHDRAWN if before.by == side else Offer.Status.COUNTERED)
    offer = Offer(thread=row, by=side, price=price, currency=listing.currency)
    offer.full_clean(exclude=["thread"])
    offer.save()
    message_add(thread=row, side=side, kind=Message.Kind.OFFER, offer=offer)
    return offer


@transaction.atomic
def offer_accept(*, offer: Offer, by: User, reserve: bool = False) -> None:
    """Agree to the other side's sum. reserve: the seller also marks the car as reserved.

    Raises TradeRefused, and then nothing has changed: if it was withdrawn or answered meanwhile, or
    the car is not on sale any more.
    """
    listing = _listing_locked(offer.thread)
    row, side = thread_locked(thread=offer.thread, by=by)
    _check_side(offer, side.other)
    if Status(listing.status) not in ON_SALE:
        raise TradeRefused(_("This car is not on sale any more."))
    _settle(offer, Offer.Status.ACCEPTED)
    message_add(thread=row, side=side, kind=Message.Kind.ACCEPTED, offer=offer)
    if reserve and side is Side.SELLER and listing.status == Status.LIVE:
        try:
            listing_reserve(listing=listing, by=by)
        except ListingRefused as error:
            raise TradeRefused(str(error)) from error


@transaction.atomic
def offer_decline(*, offer: Offer, by: User) -> None:
    """Say no to the other side's sum. Raises TradeRefused."""
    row, side = thread_locked(thread=offer.thread, by=by)
    _check_side(offer, side.other)
    _settle(offer, Offer.Status.DECLINED)
    message_add(thread=row, side=side, kind=Message.Kind.DECLINED, offer=offer)


@transaction.atomic
def offer_withdraw(*, offer: Offer, by: User) -> None:
    """Take back one's own sum while it waits for an answer. Raises TradeRefused."""
    row, side = thread_locked(thread=offer.thread, by=by)
    _check_side(offer, side)
    _settle(offer, Offer.Status.WITHDRAWN)
    message_add(thread=row, side=side, kind=Message.Kind.WITHDRAWN, offer=offer)


def _listing_locked(thread: Thread) -> Listing:
    """The thread's listing under a lock, taken before the thread's as everywhere. Its status and
    currency stay as they are until the offer is stored."""
    listing = Listing.objects.select_for_update(of=("self",)).filter(pk=thread.listing_id or 0).first()
    if listing is None:
        raise TradeRefused(_("This advertisement is gone."))
    return listing


def _check_side(offer: Offer, side: Side) -> None:
    if offer.by != side:
        raise TradeRefused(_("Only the other side can do this."))


def _settle(offer: Offer, status: Offer.Status) -> None:
    """End an open offer. A conditional update: of two answers at once, one is first."""
    settled = Offer.objects.filter(pk=offer.pk, status=Offer.Status.OPEN)
    if settled.update(status=status, settled_at=timezone.now()) != 1:
        raise TradeRefused(_("This offer was answered or withdrawn meanwhile; nothing was changed."))
    offer.refresh_from_db()
