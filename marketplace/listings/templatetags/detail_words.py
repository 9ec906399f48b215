"""Template filters that say an advertisement's details in people's words."""

from collections.abc import Iterator

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from marketplace.listings.details.columns import MileageUnit, PowerUnit
from marketplace.listings.details.equipment import grouped as equipment_grouped
from marketplace.listings.models import Listing
from marketplace.listings.templatetags.car_words import grouped

register = template.Library()


@register.filter
def mileage(listing: Listing) -> str:
    """``"85 000 km"``, in the seller's unit; empty if it is not known."""
    if listing.mileage is None:
        return ""
    unit = MileageUnit(listing.mileage_unit).label
    return f"{grouped(listing.mileage)}\u00a0{unit}"


@register.filter
def power(listing: Listing) -> str:
    """``"110 kW (150 PS)"``, the seller's unit first; empty if it is not known."""
    if listing.power_kw is None:
        return ""
    both = {PowerUnit.KW: listing.power_whole_kw, PowerUnit.PS: listing.power_ps}
    own = PowerUnit(listing.power_unit)
    other = PowerUnit.PS if own == PowerUnit.KW else PowerUnit.KW
    return f"{both[own]}\u00a0{own.label} ({both[other]}\u00a0{other.label})"


@register.filter
def accident_words(listing: Listing) -> str:
    """What the seller says of accidents, as a buyer reads it."""
    said = {"yes": _("Yes"), "no": _("No, it had an accident"), "unknown": _("The seller does not know")}
    return said.get(listing.accident_free, "")


@register.filter
def equipment_groups(listing: Listing) -> Iterator[tuple[Promise, list[Promise]]]:
    """What the car has on board, under its headings."""
    return equipment_grouped(listing.equipment)
