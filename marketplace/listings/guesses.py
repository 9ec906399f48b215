"""What the seller's page says of the photos' guess: honestly, and never as a finding.

Only what was filled in, above the measured thresholds, is stated. Anything else is "perhaps", and
below ``WORTH_SAYING`` it is nothing: who reads the names of strangers' cars stops believing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import Max

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve, make_find
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing
from marketplace.listings.templatetags.car_words import cover
from marketplace.listings.verdicts import candidate_sure, one_of

WORTH_SAYING = 0.25
"""Confidences are calibrated: a guess below it is wrong three times in four."""
MAKE_WORTH_SAYING = 0.5
WORTH_OFFERING = 0.05
"""A less likely candidate would only confuse the seller."""


class Suggestion(NamedTuple):
    """A candidate of the verdict that the catalogue knows, which can be chosen with one press."""

    make: Make
    car_model: CarModel | None
    years: str
    """As the network's class says ("2012-2019"), or of the whole model; empty if unknown."""
    confidence: float
    chosen: bool
    alike: tuple[str, ...] = ()
    """Names of the cars that photos cannot tell from it."""
    group_confidence: float = 0.0
    """How sure it is one of them or this; as confidence if there are none."""
    photo: Any = None
    """Of a car of this model that is on sale here, if there is one."""

    @property
    def words(self) -> str:
        """Its name and those of its look-alikes."""
        return one_of([" ".join(str(part) for part in (self.make, self.car_model) if part), *self.alike])


class Says(StrEnum):
    """What the panel says."""

    CHOSEN = "chosen"  # the seller chose: the panel folds
    MODEL = "model"  # make and model are filled in
    MAKE = "make"  # the make is filled in
    PERHAPS = "perhaps"  # a make and model worth a guess, or look-alikes
    PERHAPS_MAKE = "perhaps_make"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Guess:
    """The panel's content. A model is only ever named under the make that the panel names."""

    says: Says
    make: Make | None
    """The make that a guess of the make alone names."""
    best: Suggestion | None
    suggestions: list[Suggestion]


def guess_of(*, listing: Listing) -> Guess | None:
    """What to say of a listing's verdict; None if there is none yet."""
    verdict = listing.verdict
    if verdict is None:
        return None
    candidates = _candidates(listing, verdict)
    touched = set(listing.touched)
    make = listing.make or make_find(verdict["make"]["name"])
    if "make" in touched and listing.make is not None:
        candidates = [one for one in candidates if one.make == make]
    # The likeliest make may not be the likeliest model's: the make's own models come first.
    candidates.sort(key=lambda one: one.make != make)
    best = candidates[0] if candidates and candidates[0].make == make else None
    says = _says(listing, verdict, best, make)
    if says is Says.CHOSEN or says is Says.UNKNOWN:
        best = None
    if says is Says.UNKNOWN:
        candidates = []
    return Guess(says, make, best, _with_photos(candidates, listing))


def _says(listing: Listing, verdict: dict[str, Any], best: Suggestion | None, make: Make | None) -> Says:
    touched = set(listing.touched)
    if {"make", "car_model"} <= touched or ("make" in touched and listing.make is None):  # or in their own words
        return Says.CHOSEN
    if "car_model" in listing.autofilled:
        return Says.MODEL
    if "make" in listing.autofilled:
        return Says.MAKE
    if best is not None and max(best.confidence, best.group_confidence) >= WORTH_SAYING:
        return Says.PERHAPS
    if make is not None and "make" not in touched and verdict["make"]["confidence"] >= MAKE_WORTH_SAYING:
        return Says.PERHAPS_MAKE
    return Says.UNKNOWN


def _candidates(listing: Listing, verdict: dict[str, Any]) -> list[Suggestion]:
    """The verdict's candidates in the catalogue's terms, likeliest first, those worth offering.

    Candidates that are the same model in the catalogue are added up.
    """
    found: dict[tuple[int, int | None], Suggestion] = {}
    for candidate in verdict["candidates"]:
        make, car_model = catalogue_resolve(make=candidate["make"], model=candidate["model"])
        if make is None:
            continue
        key = (make.pk, car_model.pk if car_model else None)
        if key in found:
            earlier = found[key]
            # Two trained classes of one model: the years of neither are those of both.
            total = earlier.confidence + candidate["confidence"]
            found[key] = earlier._replace(confidence=total, years=_years("", car_model))
            continue
        chosen = listing.make_id == make.pk and car_model is not None and listing.car_model_id == car_model.pk
        found[key] = Suggestion(
            make, car_model, _years(candidate["years"], car_model), candidate["confidence"], chosen,
            alike=tuple(candidate.get("alike", ())), group_confidence=candidate_sure(candidate),
        )  # fmt: skip
    return [one for one in found.values() if one.confidence >= WORTH_OFFERING]


def _years(of_class: str, car_model: CarModel | None) -> str:
    if of_class:
        return of_class.replace("-", "–")
    if car_model is None or car_model.first_year is None:
        return ""
    return f"{car_model.first_year}–{car_model.last_year or ''}"


def _with_photos(suggestions: list[Suggestion], listing: Listing) -> list[Suggestion]:
    """With a photo of each model from the newest car of it on sale: two queries for all."""
    models = [one.car_model.pk for one in suggestions if one.car_model is not None]
    if not models:
        return suggestions
    on_sale = Listing.objects.filter(status__in=ON_SALE, car_model__in=models).exclude(pk=listing.pk)
    newest = on_sale.order_by().values("car_model").annotate(newest=Max("pk")).values_list("newest", flat=True)
    photos = {
        one.car_model_id: cover(one.photos.all())
        for one in Listing.objects.filter(pk__in=list(newest)).prefetch_related("photos")
    }
    return [one._replace(photo=photos.get(one.car_model.pk) if one.car_model else None) for one in suggestions]
