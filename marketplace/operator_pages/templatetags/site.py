"""The site's own name, in every template without loading it: error pages know no request."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """As the operator calls it (SITE_NAME)."""
    name: str = settings.SITE_NAME
    return name
