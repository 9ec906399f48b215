"""Reads of conversations."""

from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from marketplace.accounts.models import User
from marketplace.trade.messages.warnings import WORDS, warnings_of
from marketplace.trade.models import Message, Offer, Side, Thread
from marketplace.trade.models.threads import of_side

SHOWN_FIRST = 100
"""How many messages of a long thread are shown at once, the newest."""


@dataclass(frozen=True)
class InboxRow:
    """A thread as its person finds it in a list."""

    thread: Thread
    side: Side
    other: User | None
    unread: int
    last: Message | None


@dataclass(frozen=True)
class Line:
    """A message as one of the two reads it."""

    message: Message
    mine: bool
    warnings: list[str]


def threads_of(*, person: User, about: str = "") -> QuerySet[Thread]:
    """A person's threads, the last changed first; each with ``unread``, how many are new.

    about: the code of a listing, if only its threads are asked for.
    """
    unread = Q(buyer=person, messages__by=Side.SELLER, messages__pk__gt=F("seen_by_buyer")) | Q(
        seller=person, messages__by=Side.BUYER, messages__pk__gt=F("seen_by_seller")
    )
    asked = Q(listing__code=about) if about else Q()
    return (
        Thread.objects.filter(asked, Q(buyer=person) | Q(seller=person))
        .select_related("listing", "buyer", "seller")
        .annotate(unread=Count("messages", filter=unread))
        .order_by("-changed_at", "-pk")
    )


def inbox_rows(*, threads: list[Thread], person: User) -> list[InboxRow]:
    """Rows of threads from ``threads_of``."""
    newest = {thread.pk: max(thread.last_by_buyer, thread.last_by_seller) for thread in threads}
    last = Message.objects.select_related("offer").in_bulk(list(newest.values()))
    rows = []
    for thread in threads:
        side = thread.side_of(person)
        unread = getattr(thread, "unread", 0)
        rows.append(InboxRow(thread, side, thread.party(side.other), unread, last.get(newest[thread.pk])))
    return rows


def threads_unread(*, person: User) -> int:
    """In how many of a person's threads there is something new."""
    new = Q(buyer=person, last_by_seller__gt=F("seen_by_buyer")) | Q(
        seller=person, last_by_buyer__gt=F("seen_by_seller")
    )
    return Thread.objects.filter(new).count()


def thread_about(*, listing_id: int, buyer: User) -> Thread | None:
    """This buyer's thread about a listing."""
    return Thread.objects.filter(listing=listing_id, buyer=buyer).first()


def lines_of(*, thread: Thread, side: Side, everything: bool = False) -> list[Line]:
    """What was said, the oldest first; of a long thread the end, unless all is asked for."""
    rows = Message.objects.filter(thread=thread).select_related("offer").order_by("-pk")
    newest = list(rows if everything else rows[:SHOWN_FIRST])
    return [_line(message, side) for message in reversed(newest)]


def last_of(*, thread: Thread) -> int:
    """The id of the newest message; 0 if there is none."""
    return Message.objects.filter(thread=thread).order_by("-pk").values_list("pk", flat=True).first() or 0


def offer_open(*, thread: Thread) -> Offer | None:
    """The offer that waits for an answer."""
    return Offer.objects.filter(thread=thread, status=Offer.Status.OPEN).first()


def offer_accepted(*, thread: Thread) -> Offer | None:
    """The sum that the two agreed on last."""
    return Offer.objects.filter(thread=thread, status=Offer.Status.ACCEPTED).last()


def news_for(*, thread: Thread, side: Side) -> QuerySet[Message]:
    """What the other side wrote and this one has not seen."""
    seen = of_side("pk__gt", side, thread.seen_by(side))
    return Message.objects.filter(thread=thread, by=side.other, **seen)


def _line(message: Message, side: Side) -> Line:
    mine = message.by == side
    found = [] if message.removed_at else warnings_of(message.text)
    return Line(message, mine, [str(WORDS[one][1 if mine else 0]) for one in found])
