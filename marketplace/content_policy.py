"""The admin's Content-Security-Policy: the site's own, and what the theme cannot do without."""

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

# Of the theme's inline styles, which have no nonce: its colours, and htmx's indicator. They change
# with a new version of the theme; tests/operations/test_content_policy.py then prints the new ones.
ADMIN_STYLES = (
    "'sha256-CftXQ/6rIQ3AMOrJUsQzoK+KGLgk4scJJlfXyvE/1mQ='",
    "'sha256-bsV5JivYxvGywDAZ22EZJKBFip65Ng9xoJVLbBg7bdo='",
)
ADMIN_POLICY = {
    # Alpine, which the theme is written with, evaluates its attributes. Inline scripts and event
    # handlers stay forbidden, so text that slips through unescaped runs nothing by itself.
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, *ADMIN_STYLES],
    "style-src-attr": [UNSAFE_INLINE],  # of single elements, which the theme's scripts set as they move things
}


class ContentPolicyMiddleware(CSPMiddleware):
    """As django-csp's, with a policy of its own for /admin/."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith("/admin/"):
            parts.replace = {**ADMIN_POLICY, **(parts.replace or {})}
        return parts
