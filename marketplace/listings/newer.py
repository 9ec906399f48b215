"""Two windows, and the Back button: what one of them stored is not overwritten unseen by the other.

The seller's form carries, for each field, a token of the value that it showed. A value that was
stored since then from elsewhere, by the seller, is newer: it stays, and the form says so. From then
on the form carries the newer token, so whoever sends the other value again means it.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import models, transaction

from marketplace.listings.models import Listing
from marketplace.listings.services import EMPTY, SELLER_FIELDS, listing_update

Tokens = Mapping[str, str]


def tokens_of(listing: Listing, names: Iterable[str] = SELLER_FIELDS) -> dict[str, str]:
    """A short hash of each field's value."""
    return {name: _token(getattr(listing, name)) for name in names}


def tokens_text(tokens: Tokens) -> str:
    """As a form carries them: ``"year:1f2e3d4c price:…"``."""
    return " ".join(f"{name}:{token}" for name, token in tokens.items())


def tokens_read(texts: Iterable[str]) -> dict[str, str]:
    """The reverse. Of several the last one counts: parts of a page are renewed by themselves."""
    pairs = (word.partition(":") for text in texts for word in text.split())
    return {name: token for name, _, token in pairs if token and name in SELLER_FIELDS}


@transaction.atomic
def listing_update_unless_newer(
    *,
    listing: Listing,
    values: Mapping[str, Any],
    shown: Tokens,
    pointed_at: Collection[str] = (),
    answered: Collection[str] = (),
) -> tuple[Listing, set[str]]:
    """As ``listing_update``, except for fields whose stored value is newer than what was shown.

    Returns the listing and the names of the fields that were left as they are. Values that are as
    shown are not the person's: they came along with the whole form. Fields without a token in
    ``shown`` are stored as before. Raises what ``listing_update`` raises.
    """
    row = Listing.objects.select_for_update().get(pk=listing.pk)
    newer = {name for name in values if name not in pointed_at and _is_newer(row, name, values[name], shown)}
    unchanged = {name for name in values if name not in pointed_at and shown.get(name) == _token(values[name])}
    wanted = {name: value for name, value in values.items() if name not in newer | unchanged}
    return listing_update(listing=row, values=wanted, pointed_at=pointed_at, answered=answered), newer


def _is_newer(row: Listing, name: str, value: Any, shown: Tokens) -> bool:
    # What the photos filled in is nobody's word: the seller's own replaces it.
    if name not in row.touched or name not in shown:
        return False
    stored, typed = _token(getattr(row, name)), _token(value)
    return stored not in {shown[name], typed} and typed != shown[name]


def _token(value: Any) -> str:
    if isinstance(value, models.Model):
        value = value.pk
    if isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    if value in EMPTY:
        value = ""
    return hashlib.sha256(str(value).encode()).hexdigest()[:8]
