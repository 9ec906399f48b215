"""Who may read and write which conversation. Anybody else gets 404, not 403."""

from django.db.models import Q
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from marketplace.accounts.access import signed_in
from marketplace.listings.access import visible_listing
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing
from marketplace.trade.models import Message, Offer, Side, Thread


def own_thread(request: HttpRequest, code: str) -> tuple[Thread, Side]:
    """A thread of the signed-in person, and their side. Raises Http404 for any other."""
    person = signed_in(request)
    threads = Thread.objects.select_related("listing", "seller", "buyer")
    thread = get_object_or_404(threads, Q(buyer=person) | Q(seller=person), code=code)
    return thread, thread.side_of(person)


def thread_offer(thread: Thread, pk: int) -> Offer:
    """An offer of a thread that was fetched by ``own_thread``. Raises Http404."""
    return get_object_or_404(Offer.objects.select_related("thread"), thread=thread, pk=pk)


def thread_message(thread: Thread, pk: int, *, by: Side) -> Message:
    """A message by one side of a thread that was fetched by ``own_thread``. Raises Http404."""
    return get_object_or_404(Message, thread=thread, pk=pk, by=by, kind=Message.Kind.TEXT)


def listing_on_sale(request: HttpRequest, code: str) -> Listing:
    """A listing that visitors find and that is not the visitor's own. Raises Http404."""
    listing = visible_listing(request, code)
    if listing.status not in ON_SALE or listing.seller_id == request.user.pk:
        raise Http404
    return listing
