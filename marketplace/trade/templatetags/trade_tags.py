"""What templates of this app ask for; listings' own templates only include them."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import RequestContext

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.trade.messages.rules import WORDS, contact_closed
from marketplace.trade.messages.selectors import thread_about
from marketplace.trade.models import Thread
from marketplace.trade.sellers.selectors import ANSWER_WORDS, answer_time

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


@register.filter
def of(by_key: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping holds for a key; None if nothing."""
    return by_key.get(key)


@register.filter
def answer_words(code: str) -> str:
    """How fast a seller answers, in words; empty if that is not known."""
    return str(ANSWER_WORDS.get(code, ""))


@register.simple_tag
def answer_time_of(seller: User) -> str:
    """How fast a seller answers, as a code for ``answer_words``."""
    return answer_time(seller=seller)
