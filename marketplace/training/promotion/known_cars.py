"""Which cars one version can name and another cannot, and which of these matter on this site."""

from dataclasses import dataclass

from classifier.artefact import artefact_open
from classifier.names import name_key
from classifier.training.data.merges import Renamed, as_it_is
from marketplace.catalogue.selectors import catalogue_resolve_many
from marketplace.listings.models import Listing
from marketplace.registry.models import ModelVersion

OFFERED = (Listing.Status.SUBMITTED, Listing.Status.LIVE, Listing.Status.SOLD, Listing.Status.WITHDRAWN)
"""A draft may still be anything, and what was rejected was perhaps no car."""


@dataclass(frozen=True)
class Forgotten:
    """Cars that the champion can name and the challenger cannot."""

    offered: list[str]
    """Of which sellers had some on this site."""
    others: int
    """How many nobody offered here: another market's."""


def cars_only_in(one: ModelVersion, other: ModelVersion, merged: Renamed = as_it_is) -> list[tuple[str, str]]:
    """Makes and models that the one version knows and the other has no class for, sorted; a make alone has model "".

    Whoever knows a model of a make knows the make, which is all that a class without model says. merged: under which
    name the other may know a car of the one, see judge.
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
    """What would be lost; a make counts as offered if any car of it was. merged: see cars_only_in."""
    lost = cars_only_in(champion, challenger, merged)
    listings = Listing.objects.filter(status__in=OFFERED, make__isnull=False)
    offers: set[tuple[int | None, int | None]] = set(listings.values_list("make", "car_model"))
    offers |= {(make, None) for make, _ in offers}
    found = catalogue_resolve_many(lost)
    offered = []
    for make, model in lost:
        car = found[make, model]
        here = (car.make.pk if car.make else None, car.car_model.pk if car.car_model else None)
        # Of a model that the catalogue does not have nobody can have offered one.
        if here in offers and bool(model) == bool(car.car_model):
            offered.append(f"{make} {model}".rstrip())
    return Forgotten(offered, len(lost) - len(offered))
