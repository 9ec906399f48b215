"""What a visitor is told of the car on their photos: no more than what is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from classifier.names import name_key
from marketplace.catalogue.models import CarModel
from marketplace.listings.guesses import MAKE_WORTH_SAYING, WORTH_SAYING
from marketplace.listings.search.names import Names, names_now
from marketplace.listings.search.stock.loading import stock_now
from marketplace.listings.verdicts import candidate_sure
from marketplace.photos.asking.taught import photos_taught
from marketplace.photos.models import Photo, Prediction, Question
from marketplace.photos.selectors import photos_asked, prediction_latest
from marketplace.registry.models import ModelVersion


class Says(StrEnum):
    """What the answer is."""

    WAITING = "waiting"
    CAR = "car"
    UNKNOWN = "unknown"
    """A car, but not which: below WORTH_SAYING no name is told."""
    NO_CAR = "no_car"
    """Looked at, and something else."""
    PART = "part"
    """A car, but no photo of the whole of it from outside."""
    NOT_FOUND = "not_found"
    FAILED = "failed"


class AskedPhoto(NamedTuple):
    """One of the photos."""

    photo: Photo
    prediction: Prediction | None

    @property
    def says(self) -> Says:
        """What it shows by itself."""
        photo = self.photo
        if not photo.is_settled:
            return Says.WAITING
        if photo.status == Photo.Status.FAILED or photo.outcome == Photo.Outcome.UNREADABLE:
            return Says.FAILED
        if photo.outcome == Photo.Outcome.NOT_USABLE:
            return Says.NO_CAR if photo.shows_no_car else Says.PART
        return Says.CAR if photo.outcome == Photo.Outcome.OK else Says.NOT_FOUND

    @property
    def several(self) -> bool:
        """Whether there are several cars to choose from."""
        return self.prediction is not None and len(self.prediction.boxes) > 1


class Candidate(NamedTuple):
    """A car that it may be."""

    said: Mapping[str, Any]
    """As the verdict has it."""
    car_model: CarModel | None
    taught: int | None
    """How many photos of it the version learnt from; None: not known."""
    on_sale: int


@dataclass(frozen=True)
class Answer:
    """Over all photos of a question."""

    says: Says
    photos: list[AskedPhoto]
    settled: int
    verdict: Mapping[str, Any]
    """Empty without one."""
    candidates: list[Candidate]
    prediction: Prediction | None
    """Of the first photo that shows the car: its view, and which version said it."""

    @property
    def make_is_told(self) -> bool:
        """Whether the make alone is sure enough to be named where the model is unknown."""
        return bool(self.verdict) and float(self.verdict["make"]["confidence"]) >= MAKE_WORTH_SAYING


def answer_of(*, question: Question) -> Answer:
    """What to tell now."""
    photos = [AskedPhoto(photo, prediction_latest(photo=photo)) for photo in photos_asked(question=question)]
    settled = sum(one.photo.is_settled for one in photos)
    verdict = question.verdict or {}
    shown = next((one.prediction for one in photos if one.says is Says.CAR), None)
    says = _says(photos, verdict) if photos and settled == len(photos) else Says.WAITING
    candidates = _candidates(verdict, shown.model_version) if says is Says.CAR and shown is not None else []
    return Answer(says, photos, settled, verdict, candidates, shown)


def _says(photos: list[AskedPhoto], verdict: Mapping[str, Any]) -> Says:
    if verdict:
        return Says.CAR if candidate_sure(verdict["candidates"][0]) >= WORTH_SAYING else Says.UNKNOWN
    kinds = [one.says for one in photos]
    # Of several reasons why nothing is told, the one that helps most.
    order = (Says.CAR, Says.PART, Says.NOT_FOUND, Says.NO_CAR)
    found = next((says for says in order if says in kinds), Says.FAILED)
    return Says.UNKNOWN if found is Says.CAR else found


def _candidates(verdict: Mapping[str, Any], version: ModelVersion) -> list[Candidate]:
    names, taught = names_now(), photos_taught(version)
    cars = [model_named(names, one) for one in verdict["candidates"]]
    with stock_now() as stock:
        on_sale = [int(((stock.column("model") == car.pk) & stock.column("alive")).sum()) if car else 0 for car in cars]
    return [
        Candidate(one, car, None if taught is None else _taught(taught, names, one, car), count)
        for one, car, count in zip(verdict["candidates"], cars, on_sale, strict=True)
    ]


def model_named(names: Names, said: Mapping[str, Any]) -> CarModel | None:
    """The catalogue's model that a candidate means, if it has it."""
    make = names.makes.get(name_key(said["make"]))
    return names.models.get((make.pk, name_key(said["model"]))) if make else None


def _taught(taught: Mapping[tuple[str, str], int], names: Names, said: Mapping[str, Any], car: CarModel | None) -> int:
    """Photos under any name that the catalogue has for the car."""
    if car is None:
        return taught.get((name_key(said["make"]), name_key(said["model"])), 0)
    makes = [key for key, make in names.makes.items() if make.pk == car.make_id]
    models = [key for (make, key), model in names.models.items() if make == car.make_id and model.pk == car.pk]
    return sum(taught.get((make, model), 0) for make in makes for model in models)
