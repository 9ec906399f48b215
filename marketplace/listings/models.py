"""An advertisement, from draft to sold."""

import secrets

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from marketplace.catalogue.models import CarModel, Make

CODE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that can be misread over the telephone


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))


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
        """What the classifier tells apart (classifier.attributes.BODIES), and the seller's word for: none of these."""

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
    # The seller's own words where the catalogue has no such make or model. Kept apart from it: a person looks first.
    other_make = models.CharField(max_length=80, blank=True)
    other_model = models.CharField(max_length=80, blank=True)
    body = models.CharField("body type", max_length=12, choices=Body, blank=True)
    year = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1900), MaxValueValidator(2100)]
    )
    price = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(max_length=3, choices=Currency, default=Currency.EUR)
    mileage_km = models.PositiveIntegerField("mileage (km)", null=True, blank=True)
    fuel = models.CharField(max_length=10, choices=Fuel, blank=True)
    gearbox = models.CharField(max_length=10, choices=Gearbox, blank=True)
    place = models.CharField(max_length=120, blank=True)
    description = models.TextField(max_length=5000, blank=True)

    touched = models.JSONField(default=list, blank=True, help_text="Names of the fields that the seller typed.")
    autofilled = models.JSONField(default=list, blank=True, help_text="Names of the fields that the photos filled.")

    # What the photos say: {"version", "photos_used", "make": {"name", "confidence"}, "model": {…} or null,
    # "candidates": [{"make", "model", "years", "confidence"}], "thresholds": {"make", "model"},
    # "body": {"name", "confidence", "threshold"} or null}; older ones have no "body" at all
    verdict = models.JSONField(null=True, blank=True)
    certainty = models.FloatField(
        null=True, blank=True, help_text="Confidence of the verdict's best model; the queue's order."
    )
    contradiction = models.CharField(
        max_length=200, blank=True, help_text="What the photos show instead of what the seller says, in a sentence."
    )
    reject_reason = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

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

    def get_absolute_url(self) -> str:
        return reverse("listings:detail", args=[self.code])

    @property
    def title(self) -> str:
        words = [str(part) for part in (self.make_name, self.model_name, self.year) if part]
        return " ".join(words) or "Unnamed car"

    @property
    def make_name(self) -> str:
        """The make as people read it: the catalogue's, or the seller's own word; empty while nobody said."""
        return str(self.make) if self.make else self.other_make

    @property
    def model_name(self) -> str:
        """The model as people read it; see ``make_name``."""
        return str(self.car_model) if self.car_model else self.other_model

    @property
    def unlisted(self) -> str:
        """What of make and model is the seller's own words, in one line; empty when the catalogue has it all."""
        return f"{self.other_make} {self.other_model}".strip()
