"""The cars that a moderator can choose with one key, for the pages of both queues."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from marketplace.listings.models import Listing
from marketplace.moderation.models import LabelReview
from marketplace.moderation.selectors import Car, candidates_of


@dataclass(frozen=True)
class Choice:
    """One car with its confidence: a button, unless it cannot be chosen."""

    key: str
    """Of the keyboard, as the button shows it."""
    car: str
    confidence: float | None
    years: str = ""
    note: str = ""
    field: str = ""
    """The form field that the button sends; "" = no button."""
    value: str = ""
    stated: bool = False
    """Whether the seller, or the label, says the same."""


def listing_choices(*, listing: Listing) -> list[Choice]:
    """The candidates of a listing's verdict; those that the catalogue lacks cannot be chosen."""
    stated = Car(listing.make, listing.car_model).value if listing.make and not listing.unlisted else ""
    choices = []
    for number, car in enumerate(candidates_of(listing=listing), start=1):
        if isinstance(car, Car):
            same = car.value == stated
            choices.append(
                Choice(
                    key=str(number), car=str(car), confidence=car.confidence, years=car.years,
                    note=_("as stated") if same else "", field="car", value=car.value, stated=same,
                )
            )  # fmt: skip
        else:
            choices.append(Choice(key="–", car=car.name, confidence=car.confidence, note=_("not in the catalogue")))
    return choices


def label_keep(*, review: LabelReview) -> Choice:
    """The label itself."""
    return Choice(
        key="A", car=_("Keep: %(make)s %(model)s") % {"make": review.make, "model": review.model},
        confidence=review.stated, years=review.year, field="action", value="keep", stated=True,
    )  # fmt: skip


def label_choices(*, review: LabelReview) -> list[Choice]:
    """What the photo looks like instead."""
    return [
        Choice(
            key=str(number + 1), car=f"{one['make']} {one['model']}", confidence=one["confidence"], years=one["years"],
            field="suggestion", value=str(number),
        )
        for number, one in enumerate(review.suggestions)
    ]  # fmt: skip
