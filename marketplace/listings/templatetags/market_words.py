"""Typical prices in words."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.listings.market.models_page import Prices
from marketplace.listings.market.pricing import Place, Typical
from marketplace.listings.templatetags.car_words import money_range

register = template.Library()

PLACES: dict[Place, str | Promise] = {
    Place.VERY_GOOD: _("Very good price"),
    Place.GOOD: _("Good price"),
    Place.FAIR: _("Fair price"),
    Place.RATHER_HIGH: _("Rather high price"),
    Place.HIGH: _("High price"),
}
TONES = {Place.VERY_GOOD: "good", Place.GOOD: "good", Place.RATHER_HIGH: "warn", Place.HIGH: "warn"}


@register.filter
def place_words(place: Place) -> str:
    """A price's place in two or three words."""
    return str(PLACES[place])


@register.filter
def place_tone(place: Place) -> str:
    """The chip in which it is said."""
    return TONES.get(place, "plain")


@register.filter
def range_words(typical: Typical | Prices, currency: str) -> str:
    """``"4 100–5 300 €"``"""
    return money_range(typical.low, typical.high, currency)
