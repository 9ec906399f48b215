"""Numbers as moderators read them."""

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def percent(share: object) -> str:
    """0.934 → "93 %". Only 1 is "100 %", only 0 is "0 %"; "" if it is no number."""
    if not isinstance(share, int | float):  # a template passes "" for what a verdict does not have
        return ""
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 <= share < 1:
        return "> 99 %"
    return f"{round(share * 100)} %"


@register.filter
def percent_exact(share: object) -> str:
    """0.0183 → "1.8 %", for error rates; "" if it is no number."""
    return f"{number_format(share * 100, 1)} %" if isinstance(share, int | float) else ""


@register.filter
def plain(number: float | None) -> str:
    """A number for an HTML attribute, with a decimal point in every language."""
    return f"{number or 0:.4f}"
