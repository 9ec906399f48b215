"""Which cars one version can name and another cannot, and which of them matter on this site."""

from dataclasses import dataclass

from classifier.artefact import artefact_open
from classifier.names import name_key
from classifier.training.data.cleaning.merges import Renamed, as_it_is
from marketplace.catalogue.selectors import catalogue_resolve_many
from marketplace.listings.models import Listing
from marketplace.registry.models import ModelVersion

OFFERED = (
    Listing.Status.SUBMITTED, Listing.Status.LIVE, Listing.Status.RESERVED, Listing.Status.SOLD,
    Listing.Status.WITHDRAWN, Listing.Status.EXPIRED,
)  # fmt: skip
"""Drafts and what was sent back do not count: they may not be cars at all."""


@dataclass(frozen=True)
class Forgotten:
    """Cars that the champion can name and the challenger cannot."""

    offered: list[str]
    """Those that sellers offer or offered on this site."""
    others: int
    """How many nobody ever offered here."""


def cars_only_in(one: ModelVersion, other: ModelVersion, merged: Renamed = as_it_is) -> list[tuple[str, str]]:
    """Makes and models, sorted, that version `one` has a class for and version `other` has not.

    A class of a make alone has model "". A version that knows any model of a make knows the make.
    merged: what the run's merge tables call a car; `other` may know it by that name.
    """
    known = {_key(car.make, car.model) for car in artefact_open(other.folder).spec.classes}
    known |= {(make, "") for make, _ in known}
    return sorted({
        (car.make, car.model)
        for car in artefact_open(one.folder).spec.classes
        if not {_key(car.make, car.model), _key(*merged(car.make, car.model))} & known
    })  # fmt: skip


def _key(make: str, model: str) -> tuple[str, str]:
    return name_key(make), name_key(model) if model else ""


def cars_forgotten(
    *, champion: ModelVersion, challenger: ModelVersion, merged: Renamed = as_it_is
) -> Forgotten:  # fmt: skip
    """What this site would lose with the challenger. merged: see cars_only_in.

    A make alone counts as offered if any of its models was.
    """
    lost = cars_only_in(champion, challenger, merged)
    listings = Listing.objects.filter(status__in=OFFERED, make__isnull=False)
    offers: set[tuple[int | None, int | None]] = set(listings.values_list("make", "car_model"))
    offers |= {(make, None) for make, _ in offers}
    found = catalogue_resolve_many(lost)
    offered = []
    for make, model in lost:
        car = found[make, model]
        here = (car.make.pk if car.make else None, car.car_model.pk if car.car_model else None)
        # A model that the catalogue does not have cannot have been offered.
        if here in offers and bool(model) == bool(car.car_model):
            offered.append(f"{make} {model}".rstrip())
    return Forgotten(offered, len(lost) - len(offered))
