"""The columns of an advertisement's details; ``Listing`` inherits them."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.listings.details.countries import COUNTRIES, place_words
from marketplace.listings.details.equipment import equipment_known
from marketplace.listings.details.units import miles_of_km, ps_of_kw, whole_kw
from marketplace.text_fields import LineField

MONTH = (MinValueValidator(1), MaxValueValidator(12))
POWER = (
    MinValueValidator(Decimal(1), _("A power is at least 1 kW.")),
    MaxValueValidator(Decimal(2500), _("No car is that powerful. Write the power on the registration card.")),
)
DOORS = (MinValueValidator(1, _("A car has at least one door.")), MaxValueValidator(7, _("At most 7 doors.")))
SEATS = (MinValueValidator(1, _("A car has at least one seat.")), MaxValueValidator(60, _("At most 60 seats.")))
OWNERS = (MaxValueValidator(50, _("At most 50 owners.")),)
TELEPHONE = RegexValidator(
    r"^\+?[0-9](?:[0-9 ()/.-]{4,26})[0-9]$", _("Write a telephone number with digits, such as +49 151 2345678.")
)


class Vat(models.TextChoices):
    """What a buyer can do about value-added tax."""

    PRIVATE = "private", _("Private sale, without VAT")
    RECLAIMABLE = "reclaimable", _("VAT reclaimable")
    MARGIN = "margin", _("VAT not reclaimable (margin scheme)")


class MileageUnit(models.TextChoices):
    KM = "km", _("km")
    MILES = "mi", _("miles")


class PowerUnit(models.TextChoices):
    KW = "kw", _("kW")
    PS = "ps", _("PS")


class Drive(models.TextChoices):
    FRONT = "front", _("Front-wheel drive")
    REAR = "rear", _("Rear-wheel drive")
    ALL = "all", _("All-wheel drive")


class AccidentFree(models.TextChoices):
    """Empty: the seller has not said. UNKNOWN: the seller says that they do not know."""

    YES = "yes", _("Yes, accident-free")
    NO = "no", _("No, it had an accident")
    UNKNOWN = "unknown", _("I do not know")


class Details(models.Model):
    """What buyers ask about a car whose make and model they know. All of it may stay empty."""

    negotiable = models.BooleanField(_("price negotiable"), default=False)
    vat = models.CharField(_("VAT"), max_length=12, choices=Vat, blank=True)
    # The mileage itself is in kilometres, whatever the seller's unit: see ``units``.
    mileage_unit = models.CharField(_("unit of mileage"), max_length=2, choices=MileageUnit, default=MileageUnit.KM)
    registered_month = models.PositiveSmallIntegerField(
        _("month of first registration"), null=True, blank=True, validators=MONTH
    )
    power_kw = models.DecimalField(
        _("power (kW)"), max_digits=5, decimal_places=1, null=True, blank=True, validators=POWER
    )
    power_unit = models.CharField(_("unit of power"), max_length=2, choices=PowerUnit, default=PowerUnit.KW)
    doors = models.PositiveSmallIntegerField(_("doors"), null=True, blank=True, validators=DOORS)
    seats = models.PositiveSmallIntegerField(_("seats"), null=True, blank=True, validators=SEATS)
    drive = models.CharField(_("drive"), max_length=5, choices=Drive, blank=True)
    owners = models.PositiveSmallIntegerField(_("owners so far"), null=True, blank=True, validators=OWNERS)
    accident_free = models.CharField(_("accident-free"), max_length=7, choices=AccidentFree, blank=True)
    inspection_until = models.DateField(
        _("inspection valid until"), null=True, blank=True, help_text=_("The first day of that month.")
    )
    equipment = models.JSONField(
        _("equipment"), default=list, blank=True, validators=[equipment_known], help_text="Codes of details.equipment."
    )
    country = models.CharField(_("country"), max_length=2, choices=COUNTRIES, blank=True)
    postcode = LineField(_("postcode"), max_length=12, blank=True)
    # Shown to buyers who press for it, and counted; messages reach a seller in any case.
    telephone = LineField(_("telephone"), max_length=28, blank=True, validators=[TELEPHONE])
    telephone_shown = models.PositiveIntegerField(default=0, editable=False)
    confirmed = models.JSONField(
        default=list, blank=True, editable=False, help_text="Keys of the questions that the seller answered with yes."
    )

    class Meta:
        abstract = True

    # Of the class that inherits them:
    mileage_km: int | None
    year: int | None
    place: str

    @property
    def mileage(self) -> int | None:
        """In the seller's unit."""
        if self.mileage_km is None:
            return None
        return miles_of_km(self.mileage_km) if self.mileage_unit == MileageUnit.MILES else self.mileage_km

    @property
    def power(self) -> int | None:
        """In the seller's unit."""
        return self.power_ps if self.power_unit == PowerUnit.PS else self.power_whole_kw

    @property
    def power_ps(self) -> int | None:
        return None if self.power_kw is None else ps_of_kw(Decimal(self.power_kw))

    @property
    def power_whole_kw(self) -> int | None:
        return None if self.power_kw is None else whole_kw(Decimal(self.power_kw))

    @property
    def registered(self) -> str:
        """``"03/2018"``, ``"2018"`` or nothing."""
        if not self.year:
            return ""
        return f"{self.registered_month:02}/{self.year}" if self.registered_month else str(self.year)

    @property
    def whereabouts(self) -> str:
        """Postcode, town and country, as far as known."""
        return place_words(postcode=self.postcode, place=self.place, country=self.country)
