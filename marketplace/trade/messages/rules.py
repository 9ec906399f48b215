"""Whether two people may write to each other about a car, and why not."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.listings.life.steps import ON_SALE, PAUSED, Status
from marketplace.listings.models import Listing
from marketplace.trade.models import Block, Side, Thread, WritingBan

TALKED_ABOUT = ON_SALE | PAUSED | {Status.SOLD, Status.DRAFT, Status.SUBMITTED, Status.CHANGES}
"""The states in which a begun conversation may go on: a sold car is still to be handed over."""


class Closed(Enum):
    """Why nothing can be written now."""

    PERSON_GONE = "person_gone"
    LISTING_GONE = "listing_gone"
    YOU_BLOCKED = "you_blocked"
    NOT_WANTED = "not_wanted"
    YOU_BANNED = "you_banned"
    CANNOT_ANSWER = "cannot_answer"


WORDS: dict[Closed, str | Promise] = {
    Closed.PERSON_GONE: _("This person’s account is closed. You can read what was said, but not write."),
    Closed.LISTING_GONE: _("This advertisement is gone. You can read what was said, but not write."),
    Closed.YOU_BLOCKED: _("You blocked this person. Neither of you can write to the other."),
    Closed.NOT_WANTED: _("You cannot write in this conversation any more."),
    Closed.YOU_BANNED: _("A moderator decided that you can write no messages. Tell us if you think that is wrong."),
    Closed.CANNOT_ANSWER: _("This person cannot be reached here."),
}


def thread_closed(thread: Thread, side: Side) -> Closed | None:
    """Why this side cannot write in a thread; None if it can."""
    me, other = thread.party(side), thread.party(side.other)
    if me is None or other is None or not other.is_active:
        return Closed.PERSON_GONE
    if thread.listing is None or Status(thread.listing.status) not in TALKED_ABOUT:
        return Closed.LISTING_GONE
    return _blocked(me, other)


def contact_closed(listing: Listing, buyer: User) -> Closed | None:
    """Why this buyer cannot begin to write to a listing's seller; None if they can."""
    if not listing.seller.is_active:
        return Closed.PERSON_GONE
    if Status(listing.status) not in ON_SALE or buyer.pk == listing.seller_id:
        return Closed.LISTING_GONE
    return _blocked(buyer, listing.seller)


def _blocked(me: User, other: User) -> Closed | None:
    banned = set(WritingBan.objects.filter(person__in=(me, other)).values_list("person", flat=True))
    if banned:
        return Closed.YOU_BANNED if me.pk in banned else Closed.CANNOT_ANSWER
    blocks = set(
        Block.objects.filter(blocker__in=(me, other), blocked__in=(me, other)).values_list("blocker", flat=True)
    )
    if me.pk in blocks:
        return Closed.YOU_BLOCKED
    return Closed.NOT_WANTED if blocks else None
