"""Where a make or model went that an old or loosely written address names."""

from typing import Any

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.names import name_key
from marketplace.listings.search.names import Names, names_now


def make_moved(text: str) -> Make | None:
    """The make of any of its names, or that had this address before it was renamed."""
    names = names_now()
    return names.makes.get(name_key(text)) or names.make_ids.get(_last(Make, slug=text))


def model_moved(make: Make, text: str) -> CarModel | None:
    """As make_moved, of a make's model."""
    names: Names = names_now()
    found = names.models.get((make.pk, name_key(text)))
    return found or names.model_ids.get(_last(CarModel, slug=text, make_id=make.pk))


def _last(table: Any, **fields: object) -> int:
    """The id of the row that was the last to have these values; 0 if none had."""
    if any("\0" in str(value) for value in fields.values()):
        return 0  # PostgreSQL refuses it instead of finding nothing
    return table.history.filter(**fields).order_by("-history_id").values_list("id", flat=True).first() or 0
