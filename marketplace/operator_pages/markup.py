"""Markdown as safe HTML."""

import nh3
from django.utils.safestring import SafeString
from markdown import markdown

TAGS = {
    "p", "br", "h2", "h3", "h4", "strong", "em", "ul", "ol", "li", "a", "blockquote", "code", "hr", "table", "thead",
    "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"a": {"href"}}
SCHEMES = {"http", "https", "mailto", "tel"}


def html_of(text: str) -> SafeString:
    """Whatever is no plain text markup is taken out: scripts, styles, pictures of other hosts."""
    # The page itself has the first heading.
    made = markdown(text, extensions=["tables", "sane_lists"]).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    clean = nh3.clean(made, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener")
    return SafeString(clean)  # cleaned on the line above
