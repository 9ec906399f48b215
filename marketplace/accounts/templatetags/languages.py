"""Template tags for the languages of a page."""

from typing import Any

from django import template
from django.conf import settings
from django.template import Context

from marketplace.accounts.languages import address_in

register = template.Library()


@register.simple_tag
def spoken() -> list[tuple[str, str]]:
    """The languages of the site, each by its own name."""
    return list(settings.LANGUAGES)


@register.inclusion_tag("includes/alternates.html", takes_context=True)
def alternates(context: Context, canonical: str) -> dict[str, Any]:
    """``<link>``s to the canonical address of this page and to the same page in each language.

    A page that was asked for in one language names that address as its own: search engines pass
    over the languages of a page that names another as the canonical one.
    """
    request = context["request"]
    full = request.build_absolute_uri(canonical)
    return {
        "canonical": address_in(canonical, getattr(request, "language_asked", "")),
        "default": address_in(full, ""),
        "languages": [(code, address_in(full, code)) for code, _name in settings.LANGUAGES],
    }
