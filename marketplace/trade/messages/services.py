"""Writes of conversations: begin one, write in it, read it, block somebody."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.trade.limits import FIRST_MESSAGES, MESSAGES, Limit, person_key, tally_take
from marketplace.trade.messages.rules import WORDS, contact_closed, thread_closed
from marketplace.trade.models import Block, Message, Notice, Offer, Side, Thread
from marketplace.trade.models.threads import of_side
from marketplace.trade.refusals import TradeRefused

NOTICE_AFTER = timedelta(minutes=1)
"""Who has the page open has read it by then, and needs no mail."""
SAME_WITHIN = timedelta(minutes=1)
"""The same words again so soon were sent twice by a tired connection."""


@transaction.atomic
def thread_begin(*, listing: Listing, buyer: User) -> Thread:
    """The thread of this buyer about a listing, made if need be. Raises TradeRefused."""
    existing = Thread.objects.filter(listing=listing, buyer=buyer).first()
    if existing is not None:
        return existing
    closed = contact_closed(listing, buyer)
    if closed is not None:
        raise TradeRefused(WORDS[closed])
    limit_take(buyer, FIRST_MESSAGES)
    try:
        with transaction.atomic():
            return Thread.objects.create(
                listing=listing, listing_title=listing.title, seller=listing.seller, buyer=buyer
            )
    except IntegrityError:
        # Two first messages at the same moment: the constraint lets one make the thread, and the
        # other goes into it.
        return Thread.objects.get(listing=listing, buyer=buyer)


@transaction.atomic
def message_send(*, thread: Thread, by: User, text: str) -> Message:
    """Write in a thread; the same words again within a minute only once. Raises TradeRefused."""
    row, side = thread_locked(thread=thread, by=by)
    last = Message.objects.filter(thread=row, by=side).order_by("pk").last()
    if last is not None and last.text == text and timezone.now() - last.created_at < SAME_WITHIN:
        return last
    limit_take(by, MESSAGES)
    return message_add(thread=row, side=side, kind=Message.Kind.TEXT, text=text)


def thread_locked(*, thread: Thread, by: User) -> tuple[Thread, Side]:
    """The thread under a lock, and the side of who writes. Raises TradeRefused if it is closed."""
    row = Thread.objects.select_for_update(of=("self",)).select_related("listing", "seller", "buyer").get(pk=thread.pk)
    side = row.side_of(by)
    closed = thread_closed(row, side)
    if closed is not None:
        raise TradeRefused(WORDS[closed])
    return row, side


def message_add(
    *, thread: Thread, side: Side, kind: Message.Kind, text: str = "", offer: Offer | None = None
) -> Message:
    """Add to a thread that is locked (``thread_locked``), and tell the other side by mail."""
    message = Message(thread=thread, by=side, kind=kind, text=text, offer=offer)
    message.full_clean(exclude=["thread", "offer"])
    message.save()
    Thread.objects.filter(pk=thread.pk).update(
        changed_at=message.created_at, **of_side("last_by_{side}", side, message.pk)
    )
    if side is Side.SELLER:
        Thread.objects.filter(pk=thread.pk, answered_at=None).update(answered_at=message.created_at)
    _notice_queue(thread, side.other, message)
    return message


def thread_seen(*, thread: Thread, side: Side, last: int) -> None:
    """This side was shown all messages up to the one with the id ``last``."""
    # Conditional, so that a slow answer in one tab does not undo what another has shown since.
    seen = Thread.objects.filter(pk=thread.pk, **of_side("seen_by_{side}__lt", side, last))
    seen.update(**of_side("seen_by_{side}", side, last))


def person_block(*, thread: Thread, by: User) -> None:
    """Neither of the two in this thread can write to the other any more, about any car."""
    other = thread.party(thread.side_of(by).other)
    if other is not None:
        Block.objects.get_or_create(blocker=by, blocked=other)


def person_unblock(*, thread: Thread, by: User) -> None:
    """Undo ``person_block``."""
    Block.objects.filter(blocker=by, blocked=thread.party(thread.side_of(by).other)).delete()


def limit_take(person: User, limits: tuple[Limit, ...]) -> None:
    """Raises TradeRefused if that is one too many."""
    if not tally_take(who=person_key(person.pk), limits=limits):
        raise TradeRefused(_("That was a lot for a short time. Please go on in an hour."))


def threads_tidy() -> int:
    """Remove threads whose two people are both gone; returns how many."""
    return Thread.objects.filter(buyer=None, seller=None).delete()[1].get("trade.Thread", 0)


def _notice_queue(thread: Thread, to: Side, message: Message) -> None:
    person = thread.party(to)
    if person is None or not person.is_active:
        return
    # At most one mail until it was read: a conditional update on what was shown since the last one.
    told = Thread.objects.filter(pk=thread.pk, **of_side("noticed_{side}__lte", to, F(f"seen_by_{to}")))
    if told.update(**of_side("noticed_{side}", to, message.pk)) == 1:
        Notice.objects.create(thread=thread, to=to, next_try_at=timezone.now() + NOTICE_AFTER)
