"""The photo tiles as a tag, so that pages of a lower floor (listings) need not import this app."""

from typing import Any

from django import template
from django.conf import settings

from classifier.formats import ACCEPT, NAMES
from marketplace.listings.models import Listing
from marketplace.photos.file_words import formats_words
from marketplace.photos.script_words import upload_words
from marketplace.photos.views.sell import tiles_context

register = template.Library()


@register.inclusion_tag("photos/_tiles.html", takes_context=True)
def photo_tiles(context: dict[str, Any], listing: Listing) -> dict[str, Any]:
    return {**tiles_context(listing), "listing": listing, "csrf_token": context.get("csrf_token"), "oob": False}


@register.inclusion_tag("photos/_drop.html", takes_context=True)
def photo_drop(context: dict[str, Any], listing: Listing, wrong: str = "") -> dict[str, Any]:
    return {
        "listing": listing,
        "accept": ACCEPT,
        "formats": formats_words(NAMES),
        "limit": settings.PHOTO_MAX_BYTES,
        "limit_mb": settings.PHOTO_MAX_BYTES // 2**20,
        "most": settings.PHOTOS_PER_LISTING,
        "wrong": wrong,
        "words": upload_words(),
        "csrf_token": context.get("csrf_token"),
    }
