"""Validators of a seller's words and numbers, shared by forms and models, and so by services."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.catalogue.names import name_key


def year_on_sale(year: int) -> None:
    """Raises ValidationError for a year that is too late."""
    # Next year's models are sold before the year begins.
    latest = timezone.now().year + 1
    if year > latest:
        raise ValidationError(gettext("The year cannot be after %(latest)s.") % {"latest": latest})


YEAR = (MinValueValidator(1900, _("The year cannot be before 1900.")), year_on_sale)
PRICE = (MinValueValidator(Decimal(0), _("A price cannot be below zero.")),)
MILEAGE = (
    MinValueValidator(0, _("A mileage cannot be below zero.")),
    MaxValueValidator(5_000_000, _("No car has driven that far. Write the kilometres on the dial.")),
)


def name_with_letters(text: str) -> None:
    """Raises ValidationError for a name without letters or digits, which no search could find."""
    if not name_key(text):
        raise ValidationError(gettext("Write the name with letters or digits."))


RATE = (MinValueValidator(Decimal("0.000001"), _("A rate must be above zero.")),)


def not_in_the_future(day: date) -> None:
    """Raises ValidationError for a day that has not come: nothing would notice when it does."""
    if day > timezone.localdate():
        raise ValidationError(gettext("This day has not come yet."))
