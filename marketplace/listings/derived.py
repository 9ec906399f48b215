"""What follows from a listing's other columns, and is written together with them.

The keys of texts, the price in euros, the words of the full-text search; and ``updated_at``, by
which the search notices what changed. Every way of writing a listing goes through here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from marketplace.catalogue.names import name_key
from marketplace.listings.currencies.models import euros, rates_now
from marketplace.listings.search.models import ListingText
from marketplace.listings.search.text import words_stored

if TYPE_CHECKING:
    from marketplace.listings.models import Listing

# Each text that people search in, and the column of its key. Search compares keys folded by Python,
# because databases differ in which letters they treat as equal.
SEARCH_KEYS = {"other_make": "other_make_key", "other_model": "other_model_key", "place": "place_key"}
KEY_LETTERS = 200
PRICES = ("price", "currency")  # what price_eur follows from
TEXTS = (
    "make",
    "make_id",
    "car_model",
    "car_model_id",
    "other_make",
    "other_model",
    "year",
    "place",
    "postcode",
    "description",
)
"""What ListingText follows from."""


def search_key(text: str) -> str:
    """The text as a search compares it: ``"Östra 5"`` → ``"ostra5"``; see ``name_key``."""
    return name_key(text)[:KEY_LETTERS]


def fields_with_derived(fields: Iterable[str]) -> list[str]:
    """The columns to write with these: search keys, the sum in euros, and the moment."""
    keys = [name for field in fields for name in (field, SEARCH_KEYS.get(field, field))]
    sums = ["price_eur"] if set(fields) & set(PRICES) else []
    return list(dict.fromkeys([*keys, *sums, "updated_at"]))


class ListingQuerySet(models.QuerySet["Listing"]):
    """Keeps what is derived from a listing up to date when rows are written without ``save``.

    That are the search keys, the sum in euros and the words of the full-text search; and
    ``updated_at``, by which the search notices changes.
    """

    def update(self, **values: Any) -> int:
        for text, key in SEARCH_KEYS.items():
            if text not in values or key in values:
                continue
            if not isinstance(values[text], str):
                raise TypeError(f"{text} must be a plain text here: its search key is made from it.")
            values[key] = search_key(values[text])
        values.setdefault("updated_at", timezone.now())
        derives = values.keys() & {*TEXTS, *PRICES}
        rows = list(self.values_list("pk", flat=True)) if derives else []
        count = super().update(**values)
        if values.keys() & set(PRICES) and "price_eur" not in values:
            prices_convert(self.model._default_manager.filter(pk__in=rows))
        if values.keys() & set(TEXTS):
            texts_write(rows)
        return count

    def bulk_create(self, objs: Iterable[Listing], *args: Any, **kwargs: Any) -> list[Listing]:
        rows, rates = list(objs), rates_now()
        for row in rows:
            listing_derive(row, rates)
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = fields_with_derived(kwargs["update_fields"])
        made = super().bulk_create(rows, *args, **kwargs)
        texts_write([row.pk for row in made])
        return made

    def bulk_update(self, objs: Iterable[Listing], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        rows, rates = list(objs), rates_now()
        for row in rows:
            listing_derive(row, rates)
            row.updated_at = timezone.now()
        names = list(fields)
        count = super().bulk_update(rows, fields_with_derived(names), *args, **kwargs)
        if set(names) & set(TEXTS):
            texts_write([row.pk for row in rows])
        return count


def listing_derive(listing: Listing, rates: Mapping[str, Decimal] | None = None) -> None:
    """Set the search keys and the sum in euros, except from deferred columns. Saves nothing.

    rates: as rates_now; without them they are read if they are needed.
    """
    deferred = listing.get_deferred_fields()
    for text, key in SEARCH_KEYS.items():
        if text not in deferred:
            setattr(listing, key, search_key(getattr(listing, text)))
    if not deferred & set(PRICES):
        price = listing.price
        rate = (rates or rates_now()).get(listing.currency) if price is not None else None
        listing.price_eur = euros(Decimal(price), rate) if price is not None and rate is not None else None


def prices_convert(listings: models.QuerySet[Listing]) -> None:
    """Set the sum in euros of these listings by the newest rates."""
    rates = rates_now()
    for currency, rate in rates.items():
        listings.filter(currency=currency).update(price_eur=euros(models.F("price"), rate))
    listings.exclude(currency__in=rates).update(price_eur=None)


def texts_write(listings: Collection[int]) -> None:
    """Write the words of these listings, by primary key, as they are in the database now."""
    owner: type[Listing] = ListingText._meta.get_field("listing").related_model  # type: ignore[assignment]
    rows = owner.objects.filter(pk__in=listings).select_related("make", "car_model")
    texts = [ListingText(listing=row, words=words_stored(row.search_parts())) for row in rows]
    ListingText.objects.bulk_create(
        texts, batch_size=500, update_conflicts=True, unique_fields=["listing"], update_fields=["words"]
    )
