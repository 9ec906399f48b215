"""The trained classes of an artefact under the catalogue's names.

The classifier sums up classes with equal names. Only the catalogue knows that Stanford's "3 Series
Sedan" of 2012 and an advertisement's "3 series" are one model: under its names they are summed up.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from classifier.artefact import ArtefactSpec, TrainedClass, artefact_open
from marketplace.catalogue.selectors import Resolved, catalogue_resolve, catalogue_resolve_many
from marketplace.registry.models import ModelVersion

REFRESH_SECONDS = 600
"""A new alias takes effect after this time, as looking up 266 classes takes half a second."""


@dataclass(frozen=True)
class CatalogueSpec:
    """An artefact's spec, and its classes under the catalogue's names in the artefact's order."""

    spec: ArtefactSpec
    classes: tuple[TrainedClass, ...]


def catalogue_spec(version: ModelVersion) -> CatalogueSpec:
    """The version's spec; raises ArtefactError. The first call is slow: not in a transaction."""
    return _catalogue_spec(version.version, str(version.folder), int(time.monotonic() // REFRESH_SECONDS))


@lru_cache(maxsize=8)  # opening an artefact hashes all its weights
def _catalogue_spec(version: str, folder: str, period: int) -> CatalogueSpec:
    spec = artefact_open(Path(folder)).spec
    return CatalogueSpec(spec, catalogue_classes(spec.classes))


def catalogue_classes(classes: Sequence[TrainedClass]) -> tuple[TrainedClass, ...]:
    """The classes under the catalogue's names, in their order."""
    names = CatalogueNames((one.make, one.model) for one in classes)
    return tuple(TrainedClass(*names(one.make, one.model), one.years) for one in classes)


class ResolvedCars:
    """What makes and models mean in the catalogue, each looked up once."""

    def __init__(self, cars: Iterable[tuple[str, str]] = ()) -> None:
        """cars: these are looked up together; any others one by one.

        The catalogue's own names for them are looked up as well, since answers already use those.
        """
        found = catalogue_resolve_many(cars)
        own = [(one.make.name, one.car_model.name if one.car_model else "") for one in found.values() if one.make]
        self._known = found | catalogue_resolve_many(own)

    def of(self, make: str, model: str) -> Resolved:
        """See catalogue_resolve."""
        if (make, model) not in self._known:
            self._known[make, model] = catalogue_resolve(make=make, model=model)
        return self._known[make, model]


class CatalogueNames(ResolvedCars):
    """(make, model) → the catalogue's names; names that it does not know stay as they are."""

    def __call__(self, make: str, model: str) -> tuple[str, str]:
        found = self.of(make, model)
        return found.make.name if found.make else make, found.car_model.name if found.car_model else model
