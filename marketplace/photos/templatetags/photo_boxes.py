"""The photos with what was looked at outlined, for pages of a lower floor (listings)."""

from typing import Any

from django import template

from marketplace.listings.models import Listing
from marketplace.photos.selectors import photos_of, prediction_latest

register = template.Library()


@register.inclusion_tag("photos/_boxes.html")
def photo_boxes(listing: Listing) -> dict[str, Any]:
    """The listing's photos on which a car was found, each with its newest prediction."""
    seen = [(photo, prediction_latest(photo=photo)) for photo in photos_of(listing=listing) if photo.is_settled]
    return {"boxed": [(photo, said) for photo, said in seen if said is not None and said.box]}
