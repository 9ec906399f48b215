"""How numbers are shown to moderators."""

from django import template

register = template.Library()


@register.filter
def percent(share: object) -> str:
    """0.934 → "93 %"; never "100 %" or "0 %" for what is not quite that. Nothing for what is no number."""
    if not isinstance(share, int | float):  # a template gives "" for what a verdict does not have
        return ""
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 <= share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


@register.filter
def plain(number: float | None) -> str:
    """A number for an attribute, with a point in every language."""
    return f"{number or 0:.4f}"
