"""An advertisement, from draft to sold."""

import math
import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.contradictions import contradiction_words
from marketplace.listings.currencies.models import ExchangeRate
from marketplace.listings.derived import (
    KEY_LETTERS,
    SEARCH_KEYS,
    TEXTS,
    ListingQuerySet,
    fields_with_derived,
    listing_derive,
    search_key,
    texts_write,
)  # fmt: skip
from marketplace.listings.details.columns import Details
from marketplace.listings.gone import GoneListing
from marketplace.listings.limits import MILEAGE, PRICE, YEAR, name_with_letters
from marketplace.listings.search.models import ListingText
from marketplace.mail_queue import QueuedMail
from marketplace.text_fields import LineField, ParagraphsField

__all__ = [
    "KEY_LETTERS", "PRICE_NEWS", "SEARCH_KEYS", "STATUSES", "ExchangeRate", "GoneListing", "Listing", "ListingQuerySet",
    "ListingText", "PriceAsked", "SellerMail", "StatusChange", "new_code", "search_key",
]  # fmt: skip

CODE_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # none that can be confused over the telephone


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))


STATUSES = (
    "draft", "submitted", "changes", "rejected", "live", "reserved", "sold", "withdrawn", "expired", "taken_down",
    "deleted",
)  # fmt: skip
PRICE_NEWS = timedelta(days=30)
"""How long buyers are told that a price was lowered, and how far back prices are compared."""


class Listing(Details):
    """One car for sale. Fields named in ``touched`` were typed by the seller and belong to them."""

    class Status(models.TextChoices):
        """Which of them follows which: see marketplace.listings.life.steps."""

        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("waiting for review")
        CHANGES = "changes", _("sent back for changes")
        REJECTED = "rejected", _("rejected")
        LIVE = "live", _("live")
        RESERVED = "reserved", _("reserved")
        SOLD = "sold", _("sold")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")
        TAKEN_DOWN = "taken_down", _("taken down")
        DELETED = "deleted", _("deleted")

    class Fuel(models.TextChoices):
        PETROL = "petrol", _("Petrol")
        DIESEL = "diesel", _("Diesel")
        HYBRID = "hybrid", _("Hybrid")
        PLUGIN = "plug-in", _("Plug-in hybrid")
        ELECTRIC = "electric", _("Electric")
        LPG = "lpg", _("LPG")
        CNG = "cng", _("CNG")
        FLEX = "flex", _("Ethanol / flex")
        OTHER = "other", _("Other")

    class Gearbox(models.TextChoices):
        MANUAL = "manual", _("Manual")
        AUTOMATIC = "automatic", _("Automatic")
        OTHER = "other", _("Other")

    class Body(models.TextChoices):
        """The classifier's body types (classifier.attributes.BODIES), and OTHER for sellers."""

        SEDAN = "sedan", _("Sedan")
        HATCHBACK = "hatchback", _("Hatchback")
        WAGON = "wagon", _("Estate")
        COUPE = "coupe", _("Coupé")
        CONVERTIBLE = "convertible", _("Convertible")
        SUV = "suv", _("SUV")
        PICKUP = "pickup", _("Pickup")
        MINIVAN = "minivan", _("Minivan")
        VAN = "van", _("Van")
        OTHER = "other", _("Other")

    class Colour(models.TextChoices):
        """The classifier's colours (classifier.colour.COLOURS), and OTHER for sellers."""

        BLACK = "black", pgettext_lazy("colour of a car", "Black")
        WHITE = "white", pgettext_lazy("colour of a car", "White")
        SILVER = "silver", pgettext_lazy("colour of a car", "Silver")
        GREY = "grey", pgettext_lazy("colour of a car", "Grey")
        BLUE = "blue", pgettext_lazy("colour of a car", "Blue")
        RED = "red", pgettext_lazy("colour of a car", "Red")
        GREEN = "green", pgettext_lazy("colour of a car", "Green")
        BROWN = "brown", pgettext_lazy("colour of a car", "Brown")
        BEIGE = "beige", pgettext_lazy("colour of a car", "Beige")
        YELLOW = "yellow", pgettext_lazy("colour of a car", "Yellow or gold")
        ORANGE = "orange", pgettext_lazy("colour of a car", "Orange")
        PURPLE = "purple", pgettext_lazy("colour of a car", "Purple")
        OTHER = "other", pgettext_lazy("colour of a car", "Another, or several")

    class Currency(models.TextChoices):
        EUR = "EUR", "EUR €"
        USD = "USD", "USD $"
        GBP = "GBP", "GBP £"
        BRL = "BRL", "BRL R$"
        PLN = "PLN", "PLN zł"
        CZK = "CZK", "CZK Kč"
        CHF = "CHF", _("CHF")
        UAH = "UAH", "UAH ₴"

    code = models.CharField(max_length=12, unique=True, default=new_code, editable=False)
    seller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="listings")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, db_index=True)

    # A proposed change of another, approved listing: see marketplace.listings.life.revisions.
    revises = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="revision"
    )

    make = models.ForeignKey(Make, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    car_model = models.ForeignKey(
        CarModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="model"
    )
    # The seller's own words if the catalogue lacks the make or model. They do not extend the
    # catalogue: a moderator reviews them first.
    other_make = LineField(max_length=80, blank=True, validators=[name_with_letters])
    other_model = LineField(max_length=80, blank=True, validators=[name_with_letters])
    body = models.CharField("body type", max_length=12, choices=Body, blank=True)
    colour = models.CharField(_("colour"), max_length=12, choices=Colour, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True, validators=YEAR)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True, validators=PRICE)
    currency = models.CharField(max_length=3, choices=Currency, default=Currency.EUR)
    # The price in euros by the newest rate, by which cars in all currencies are compared. None
    # without a price, or without a rate of its currency.
    price_eur = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, editable=False)
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
    # "body": {"name", "confidence", "threshold"} or null, "colour": the same,
    # "other_car": the name of a second car that the photos surely show, or ""};
    # older ones lack the last three. *: "alike": [names of cars that photos cannot tell from it],
    # "group_confidence"; older ones lack both. See listings/verdicts.py.
    verdict = models.JSONField(null=True, blank=True)
    certainty = models.FloatField(
        null=True, blank=True, help_text="Confidence of the verdict's best model; the queue's order."
    )
    contradicts = models.JSONField(
        null=True, blank=True, help_text="What the photos show instead of what the seller says: see contradictions.py."
    )
    reject_reason = ParagraphsField(blank=True, help_text="What a moderator wants changed, or why they rejected it.")

    # Derived from PriceAsked when the price changes, so that lists of cars need no query for each.
    price_before = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True, editable=False)
    price_lowered_at = models.DateTimeField(null=True, blank=True, editable=False)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When it ends unless its seller renews it.")
    reminded_at = models.DateTimeField(null=True, blank=True, help_text="When its seller was told that it ends soon.")
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Listing"]] = models.Manager.from_queryset(ListingQuerySet)()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["status", "-published_at"], name="listing_browse"),
            models.Index(fields=["status", "certainty"], name="listing_queue"),
            # By which the search catches up: marketplace.listings.search.stock.loading.
            models.Index(fields=["updated_at"], name="listing_changed"),
            # What cars of a model were sold for lately: marketplace.listings.market.comparables.
            models.Index(fields=["car_model", "updated_at"], condition=Q(status="sold"), name="listing_sold_lately"),
            # Of the two states that visitors see: with them in one index, a page needs no sorting.
            models.Index(
                fields=["-published_at", "-id"], condition=Q(status__in=("live", "reserved")), name="listing_on_sale"
            ),
        )
        constraints = (
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="listing_status_known"),
            models.CheckConstraint(
                condition=Q(status="deleted", deleted_at__isnull=False)
                | (~Q(status="deleted") & Q(deleted_at__isnull=True)),
                name="listing_deleted_at_some_time",
            ),
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
        listing_derive(self)
        names = kwargs.get("update_fields")
        if names is not None:
            kwargs["update_fields"] = fields_with_derived(names)
        super().save(**kwargs)
        if names is None or set(names) & set(TEXTS):
            texts_write([self.pk])

    def get_absolute_url(self) -> str:
        return reverse("listings:detail", args=[self.code])

    @property
    def title(self) -> str:
        words = [str(part) for part in (self.make_name, self.model_name, self.year) if part]
        return " ".join(words) or gettext("Unnamed car")

    @property
    def contradiction(self) -> str:
        """What the photos show instead of what the seller says, in a sentence; empty if nothing."""
        return contradiction_words(self.contradicts)

    @property
    def make_name(self) -> str:
        """The make to show: the catalogue's or the seller's own word; empty if neither is set."""
        return str(self.make) if self.make else self.other_make

    @property
    def model_name(self) -> str:
        """The model to show; see ``make_name``."""
        return str(self.car_model) if self.car_model else self.other_model

    def search_parts(self) -> list[str]:
        """The texts in which a search looks for words."""
        keys = [self.other_make_key, self.other_model_key, self.place_key]
        return [
            self.make_name,
            self.model_name,
            str(self.year or ""),
            self.place,
            self.postcode,
            *keys,
            self.description,
        ]

    @property
    def unlisted(self) -> str:
        """The seller's own words for make and model, in one line; empty if there are none."""
        return f"{self.other_make} {self.other_model}".strip()

    @property
    def days_left(self) -> int | None:
        """Days until it expires, begun ones included; None where no end is set."""
        if self.expires_at is None:
            return None
        return max(0, math.ceil((self.expires_at - timezone.now()) / timedelta(days=1)))

    @property
    def lowered_from(self) -> Decimal | None:
        """The price that it was lowered from within the last 30 days; None if it was not."""
        if self.price_lowered_at is None or timezone.now() - self.price_lowered_at > PRICE_NEWS:
            return None
        return self.price_before


class StatusChange(models.Model):
    """One step in the life of a listing; written by marketplace.listings.life.steps alone."""

    class Step(models.TextChoices):
        CREATE = "create", _("begun")
        SUBMIT = "submit", _("handed in")
        TAKE_BACK = "take_back", _("made a draft again")
        PUBLISH = "publish", _("approved")
        ASK_CHANGES = "ask_changes", _("changes requested")
        REJECT = "reject", _("rejected")
        UNDO_REVIEW = "undo_review", _("decision undone")
        TAKE_DOWN = "take_down", _("taken off the site")
        REINSTATE = "reinstate", _("put back by a moderator")
        SUSPEND = "suspend", _("taken down with its seller's account")
        LIFT = "lift", _("put back with its seller's account")
        APPEAL = "appeal", _("appealed")
        RESERVE = "reserve", _("reserved")
        UNRESERVE = "unreserve", _("reservation ended")
        SELL = "sell", _("marked as sold")
        UNSELL = "unsell", _("not sold after all")
        WITHDRAW = "withdraw", _("withdrawn")
        PUT_BACK = "put_back", _("put back")
        EXPIRE = "expire", _("expired")
        RENEW = "renew", _("renewed")
        DELETE = "delete", _("deleted")
        RESTORE = "restore", _("deletion undone")
        REVISE = "revise", _("changed after a review")
        KEEP = "keep", _("change not accepted")

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="changes")
    step = models.CharField(max_length=12, choices=Step)
    before = models.CharField(max_length=10, choices=Listing.Status, blank=True)
    after = models.CharField(max_length=10, choices=Listing.Status)
    # None: policy, the clock, or somebody whose account is gone.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    words = ParagraphsField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("at", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(after__in=STATUSES) & Q(before__in=("", *STATUSES)), name="listing_change_status_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.get_step_display()}"


class PriceAsked(models.Model):
    """A price that buyers could see, until the listing's next one."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="prices")
    price = models.DecimalField(max_digits=12, decimal_places=2, validators=PRICE)
    currency = models.CharField(max_length=3, choices=Listing.Currency)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("since", "pk")

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.price} {self.currency}"


class SellerMail(QueuedMail):
    """A mail to a listing's seller: waits here until it is sent, and stays as the record of it."""

    class Kind(models.TextChoices):
        LIVE = "live", _("live")
        CHANGES = "changes", _("changes requested")
        REJECTED = "rejected", _("rejected")
        EXPIRING = "expiring", _("about to expire")
        REMOVED = "removed", _("taken off the site")
        BACK = "back", _("put back")
        SUSPENDED = "suspend", _("account suspended")
        REVISED = "revised", _("change accepted")
        KEPT = "kept", _("change not accepted")

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=8, choices=Kind)
    words = ParagraphsField(blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        indexes = (models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="seller_mail_waiting"),)

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.get_kind_display()}"
