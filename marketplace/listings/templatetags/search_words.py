"""Template filters of the search's page."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from marketplace.listings.search.facets import Option

register = template.Library()


@register.filter
def option_tags(options: Iterable[Option]) -> SafeString:
    """``<option>`` of each, with its count; a loop in the template is too slow for all makes."""
    rows = ((one.value, one.label, one.cars) for one in options)
    return format_html_join("", '<option value="{}">{} ({})</option>', rows)
