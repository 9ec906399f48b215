"""An advertisement, from draft to sold."""

import secrets
from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.names import name_key
from marketplace.listings.limits import MILEAGE, PRICE, YEAR, name_with_letters
from marketplace.text_fields import LineField, ParagraphsField

CODE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # none that can be confused over the telephone


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))


# Each text that people search in, and the column of its key. Search compares keys folded by Python,
# because databases differ in which letters they treat as equal.
SEARCH_KEYS = {"other_make": "other_make_key", "other_model": "other_model_key", "place": "place_key"}
KEY_LETTERS = 200


def search_key(text: str) -> str:
    """The text as a search compares it: ``"Östra 5"`` → ``"ostra5"``; see ``name_key``."""
    return name_key(text)[:KEY_LETTERS]


def _with_keys(fields: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for field in fields for name in (field, SEARCH_KEYS.get(field, field))))


class ListingQuerySet(models.QuerySet["Listing"]):
    """Keeps the search keys up to date when rows are written without ``save``."""

    def update(self, **values: Any) -> int:
        for text, key in SEARCH_KEYS.items():
            if text not in values or key in values:
                continue
            if not isinstance(values[text], str):
                raise TypeError(f"{text} must be a plain text here: its search key is made from it.")
            values[key] = search_key(values[text])
        return super().update(**values)

    def bulk_create(self, objs: Iterable["Listing"], *args: Any, **kwargs: Any) -> list["Listing"]:
        rows = list(objs)
        for row in rows:
            row.search_keys_set()
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = _with_keys(kwargs["update_fields"])
        return super().bulk_create(rows, *args, **kwargs)

    def bulk_update(self, objs: Iterable["Listing"], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        rows = list(objs)
        for row in rows:
            row.search_keys_set()
        return super().bulk_update(rows, _with_keys(fields), *args, **kwargs)


class Listing(models.Model):
    """One car for sale. Fields named in ``touched`` were typed by the seller and belong to them."""

    class Status(models.TextChoices):
        DRAFT = "draft", "draft"
        SUBMITTED = "submitted", "waiting for review"
        LIVE = "live", "live"
        REJECTED = "rejected", "rejected"
        SOLD = "sold", "sold"
        WITHDRAWN = "withdrawn", "withdrawn"

    class Fuel(models.TextChoices):
        PETROL = "petrol", "Petrol"
        DIESEL = "diesel", "Diesel"
        HYBRID = "hybrid", "Hybrid"
        PLUGIN = "plug-in", "Plug-in hybrid"
        ELECTRIC = "electric", "Electric"
        LPG = "lpg", "LPG"
        CNG = "cng", "CNG"
        FLEX = "flex", "Ethanol / flex"
        OTHER = "other", "Other"

    class Gearbox(models.TextChoices):
        MANUAL = "manual", "Manual"
        AUTOMATIC = "automatic", "Automatic"
        OTHER = "other", "Other"

    class Body(models.TextChoices):
        """The classifier's body types (classifier.attributes.BODIES), and OTHER for sellers."""

        SEDAN = "sedan", "Sedan"
        HATCHBACK = "hatchback", "Hatchback"
        WAGON = "wagon", "Estate"
        COUPE = "coupe", "Coupé"
        CONVERTIBLE = "convertible", "Convertible"
        SUV = "suv", "SUV"
        PICKUP = "pickup", "Pickup"
        MINIVAN = "minivan", "Minivan"
        VAN = "van", "Van"
        OTHER = "other", "Other"

    class Colour(models.TextChoices):
        """The classifier's colours (classifier.colour.COLOURS), and OTHER for sellers."""

        BLACK = "black", "Black"
        WHITE = "white", "White"
        SILVER = "silver", "Silver"
        GREY = "grey", "Grey"
        BLUE = "blue", "Blue"
        RED = "red", "Red"
        GREEN = "green", "Green"
        BROWN = "brown", "Brown"
        BEIGE = "beige", "Beige"
        YELLOW = "yellow", "Yellow or gold"
        ORANGE = "orange", "Orange"
        PURPLE = "purple", "Purple"
        OTHER = "other", "Another, or several"

    class Currency(models.TextChoices):
        EUR = "EUR", "EUR €"
        USD = "USD", "USD $"
        GBP = "GBP", "GBP £"
        BRL = "BRL", "BRL R$"
        PLN = "PLN", "PLN zł"
        CZK = "CZK", "CZK Kč"
        CHF = "CHF", "CHF"
        UAH = "UAH", "UAH ₴"

    code = models.CharField(max_length=12, unique=True, default=new_code, editable=False)
    seller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="listings")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, db_index=True)

    make = models.ForeignKey(Make, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    car_model = models.ForeignKey(
        CarModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="model"
    )
    # The seller's own words if the catalogue lacks the make or model. They do not extend the
    # catalogue: a moderator reviews them first.
    other_make = LineField(max_length=80, blank=True, validators=[name_with_letters])
    other_model = LineField(max_length=80, blank=True, validators=[name_with_letters])
    body = models.CharField("body type", max_length=12, choices=Body, blank=True)
    colour = models.CharField(max_length=12, choices=Colour, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True, validators=YEAR)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True, validators=PRICE)
    currency = models.CharField(max_length=3, choices=Currency, default=Currency.EUR)
    mileage_km = models.PositiveIntegerField("mileage (km)", null=True, blank=True, validators=MILEAGE)
    fuel = models.CharField(max_length=10, choices=Fuel, blank=True)
    gearbox = models.CharField(max_length=10, choices=Gearbox, blank=True)
    place = LineField(max_length=120, blank=True)
    description = ParagraphsField(max_length=5000, blank=True)

    # See SEARCH_KEYS. Every way of writing a text also writes its key.
    other_make_key = models.CharField(max_length=KEY_LETTERS, blank=True, editable=False, db_index=True)
    other_model_key = models.CharField(max_length=KEY_LETTERS, blank=True, editable=False, db_index=True)
    place_key = models.CharField(max_length=KEY_LETTERS, blank=True, editable=False, db_index=True)

    touched = models.JSONField(default=list, blank=True, help_text="Names of the fields that the seller typed.")
    autofilled = models.JSONField(default=list, blank=True, help_text="Names of the fields that the photos filled.")

    # The fused recognitions of all photos: {"version", "photos_used",
    # "make": {"name", "confidence"}, "model": {"make", "name", "confidence", *} or null,
    # "candidates": [{"make", "model", "years", "confidence", *}], "thresholds": {"make", "model"},
    # "body": {"name", "confidence", "threshold"} or null,
    # "colour": as body, with "of": {name: probability}, or null; missing from older ones,
    # "other_car": the name of a second car that the photos surely show, or ""};
    # older ones lack the last two. *: "alike": [names of cars that photos cannot tell from it],
    # "group_confidence"; older ones lack both. See listings/verdicts.py.
    verdict = models.JSONField(null=True, blank=True)
    certainty = models.FloatField(
        null=True, blank=True, help_text="Confidence of the verdict's best model; the queue's order."
    )
    contradiction = models.CharField(
        max_length=200, blank=True, help_text="What the photos show instead of what the seller says, in a sentence."
    )
    reject_reason = ParagraphsField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Listing"]] = models.Manager.from_queryset(ListingQuerySet)()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["status", "-published_at"], name="listing_browse"),
            models.Index(fields=["status", "certainty"], name="listing_queue"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(car_model__isnull=True) | Q(make__isnull=False), name="listing_model_needs_make"
            ),
            models.CheckConstraint(
                condition=Q(make__isnull=True) | Q(other_make=""), name="listing_make_listed_or_written"
            ),
            models.CheckConstraint(
                condition=Q(car_model__isnull=True) | Q(other_model=""), name="listing_model_listed_or_written"
            ),
        )

    def __str__(self) -> str:
        return self.title

    def save(self, **kwargs: Any) -> None:
        self.search_keys_set()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = _with_keys(kwargs["update_fields"])
        super().save(**kwargs)

    def search_keys_set(self) -> None:
        """Derive the search keys from the texts, except from deferred ones."""
        for text, key in SEARCH_KEYS.items():
            if text not in self.get_deferred_fields():
                setattr(self, key, search_key(getattr(self, text)))

    def get_absolute_url(self) -> str:
        return reverse("listings:detail", args=[self.code])

    @property
    def title(self) -> str:
        words = [str(part) for part in (self.make_name, self.model_name, self.year) if part]
        return " ".join(words) or "Unnamed car"

    @property
    def make_name(self) -> str:
        """The make to show: the catalogue's or the seller's own word; empty if neither is set."""
        return str(self.make) if self.make else self.other_make

    @property
    def model_name(self) -> str:
        """The model to show; see ``make_name``."""
        return str(self.car_model) if self.car_model else self.other_model

    @property
    def unlisted(self) -> str:
        """The seller's own words for make and model, in one line; empty if there are none."""
        return f"{self.other_make} {self.other_model}".strip()
