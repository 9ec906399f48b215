"""Fill in the report's templates, which lie beside this module.

In HTML every value is escaped, unless a template has made it. In Markdown each name goes through
the filter `md`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup


def render_html(name: str, **values: Any) -> Markup:
    """`templates/<name>.html.j2` with these values.

    Raises UndefinedError if the template needs another value.
    """
    return Markup(_environment().get_template(f"{name}.html.j2").render(values))  # noqa: S704 -- escaped already


def render_markdown(name: str, **values: Any) -> str:
    """`templates/<name>.md.j2` with these values. Raises as render_html does."""
    return _environment().get_template(f"{name}.md.j2").render(values)


def markdown_cell(value: object) -> str:
    """A text for a cell of a Markdown table: a bare "|" would end the cell, a "<" begin HTML."""
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("classifier.training.report"),
        autoescape=select_autoescape(disabled_extensions=("md.j2",), default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown_cell
    return environment
