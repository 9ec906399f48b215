"""What templates of this app ask for; listings' own templates only include them."""

from django import template
from django.template.context import RequestContext

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.trade.messages.rules import WORDS, contact_closed
from marketplace.trade.messages.selectors import thread_about
from marketplace.trade.models import Thread

register = template.Library()


@register.simple_tag(takes_context=True)
def own_thread_about(context: RequestContext, listing: Listing) -> Thread | None:
    """The visitor's thread with the seller, if they have written already."""
    user = context["request"].user
    return thread_about(listing_id=listing.pk, buyer=user) if isinstance(user, User) else None


@register.simple_tag(takes_context=True)
def why_no_contact(context: RequestContext, listing: Listing) -> str:
    """Why the visitor cannot write to the seller; empty if they can, if only after signing in."""
    user = context["request"].user
    closed = contact_closed(listing, user) if isinstance(user, User) else None
    return str(WORDS[closed]) if closed else ""
