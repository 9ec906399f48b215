"""Validators of a seller's words and numbers, shared by forms and models, and so by services."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from marketplace.catalogue.names import name_key


def year_on_sale(year: int) -> None:
    """Raises ValidationError for a year that is too late."""
    # Next year's models are sold before the year begins.
    latest = timezone.now().year + 1
    if year > latest:
        raise ValidationError(f"The year cannot be after {latest}.")


YEAR = (MinValueValidator(1900, "The year cannot be before 1900."), year_on_sale)
PRICE = (MinValueValidator(Decimal(0), "A price cannot be below zero."),)
MILEAGE = (
    MinValueValidator(0, "A mileage cannot be below zero."),
    MaxValueValidator(5_000_000, "No car has driven that far. Write the kilometres on the dial."),
)


def name_with_letters(text: str) -> None:
    """Raises ValidationError for a name without letters or digits, which no search could find."""
    if not name_key(text):
        raise ValidationError("Write the name with letters or digits.")
