"""Template filters that format a listing's numbers for people."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import NaturalTimeFormatter
from django.template import Context
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from marketplace.listings.currencies.rates import Exchange, exchange_of
from marketplace.listings.models import Listing
from marketplace.listings.verdicts import candidate_names, candidate_sure, one_of

register = template.Library()

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "BRL": "R$", "PLN": "zł", "CZK": "Kč", "CHF": "CHF", "UAH": "₴"}
SIGN_LAST = {"PLN", "CZK", "UAH", "EUR"}


@register.filter
def grouped(value: int | Decimal | None) -> str:
    """``12500`` → ``"12 500"`` in English, ``"12.500"`` in German: see marketplace.formats."""
    return "" if value is None else number_format(value, force_grouping=True)


@register.filter
def money(listing: Listing) -> str:
    """``"12 500 €"``; decimals only if the price has any."""
    return _money(listing.price, listing.currency)


@register.filter
def money_before(listing: Listing) -> str:
    """As ``money``, the price that it was lowered from; empty if it was not."""
    return _money(listing.lowered_from, listing.currency)


@register.simple_tag(takes_context=True)
def converted(context: Context, listing: Listing) -> str:
    """``"≈ 1 150 €"``: the price by the page's ``exchange``; empty in the seller's own currency.

    A page without one converts into the currency of the visitor's profile, if it names one.
    """
    exchange: Exchange | None = context.get("exchange") or exchange_of(context["request"])
    if exchange is None:
        return ""
    price = exchange.of(listing)
    return "" if price is None else f"≈\u00a0{_money(price, exchange.currency)}"


def _money(price: Decimal | None, currency: str) -> str:
    if price is None:
        return ""
    amount = price if price % 1 else int(price)
    sign = SIGNS[currency]
    # A no-break space keeps the sign with its number.
    return f"{grouped(amount)}\u00a0{sign}" if currency in SIGN_LAST else f"{sign}\u00a0{grouped(amount)}"


def money_range(low: Decimal, high: Decimal, currency: str) -> str:
    """``"4 100–5 300 €"``; the sign once, where the currency has it."""
    first, last = _money(low, currency), _money(high, currency)
    sign = SIGNS[currency]
    return (
        f"{first.removesuffix(sign).rstrip()}–{last}"
        if currency in SIGN_LAST
        else f"{first}–{last.removeprefix(sign).lstrip()}"
    )  # fmt: skip


@register.filter
def cover(photos: Iterable[Any]) -> Any:
    """The photo that stands for the advertisement: the first that shows a car, else the first.

    None if there is none. Photos belong to a floor above; all that counts is ``shows_no_car``.
    """
    rows = list(photos)
    return next((photo for photo in rows if not photo.shows_no_car), rows[0] if rows else None)


@register.filter
def per_cent(confidence: float | None) -> str:
    """``0.874`` → ``"87 %"``; never 0 or 100 %, because no confidence is absolute."""
    if confidence is None:
        return ""
    if confidence > 0.99:
        words = _("over %(number)s %%") % {"number": 99}
    elif confidence < 0.01:
        words = _("under %(number)s %%") % {"number": 1}
    else:
        words = _("%(number)s %%") % {"number": round(confidence * 100)}
    return words.replace(" ", "\u00a0")


@register.filter
def sure_words(confidence: float | None) -> str:
    """A confidence in words that follow "we are"."""
    if confidence is None:
        return _("not sure")
    steps = ((0.95, _("very sure")), (0.8, _("quite sure")), (0.6, _("fairly sure")), (0.35, _("not sure")))
    return next((words for least, words in steps if confidence >= least), _("only guessing"))


@register.filter
def body_words(name: str) -> str:
    """The label of a body type that the classifier names."""
    return str(Listing.Body(name).label) if name in Listing.Body.values else name


@register.filter
def colour_words(name: str) -> str:
    """The label of a colour that the classifier names."""
    return str(Listing.Colour(name).label) if name in Listing.Colour.values else name


@register.filter
def names_words(candidate: Mapping[str, Any]) -> str:
    """A stored candidate's name; with look-alikes ``"Acura TSX or Honda Accord"``."""
    return one_of(candidate_names(candidate))


register.filter("sure_of_it", candidate_sure)


@register.filter
def ago(moment: datetime | None) -> str:
    """``"3 minutes ago"``, and "just now" rather than "0 minutes ago"."""
    if moment is None:
        return ""
    return (
        _("just now")
        if timezone.now() - moment < timedelta(minutes=1)
        else _("%(time)s ago") % {"time": timesince(moment, time_strings=NaturalTimeFormatter.past_substrings)}
    )


@register.filter
def unlocalized(confidence: float | None) -> str:
    """``0.874`` → ``"0.874"`` in every language, for attributes that scripts read."""
    return "0" if confidence is None else f"{confidence:.3f}"
