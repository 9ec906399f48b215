"""Asking, and asking about one car of a picture that shows several."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from marketplace.photos.ingest import PhotoRejected
from marketplace.photos.intake.callers import Caller
from marketplace.photos.models import Photo, Question
from marketplace.photos.selectors import prediction_latest
from marketplace.photos.services import photo_add

MOST_PHOTOS = 8
MARGIN = 0.06
"""Of the box, kept around a car that is cut out: what the detector found is seldom exact."""


def question_begin(*, part_of: Question | None = None) -> Question:
    """A question that has no photos yet."""
    return Question.objects.create(part_of=part_of)


def question_photo_add(*, question: Question, data: bytes, filename: str, caller: Caller | None = None) -> Photo:
    """One more photo of the same car. Raises PhotoRejected."""
    if question.photos.count() >= MOST_PHOTOS:
        words = _("%(most)s photos of one car are enough. Look at the answer first.")
        raise PhotoRejected("too_many", words % {"most": MOST_PHOTOS})
    return photo_add(listing=None, question=question, data=data, filename=filename, caller=caller)


def question_about_car(*, photo: Photo, car: int, caller: Caller | None = None) -> Question | None:
    """A new question about one of the cars that a photo shows, cut out; None if there is none such.

    Raises PhotoRejected if the picture cannot be cut just now.
    """
    prediction = prediction_latest(photo=photo)
    boxes: Sequence[Sequence[int]] = prediction.boxes if prediction is not None else []
    if not 0 <= car < len(boxes):
        return None
    try:
        with photo.file.open("rb") as file:
            master: bytes = file.read()
    except FileNotFoundError:
        return None  # tidied away since the row was read
    question = question_begin(part_of=photo.question)
    box = _around(boxes[car], photo)
    photo_add(listing=None, question=question, data=master, filename="", box=box, caller=caller)
    return question


def question_photo(*, question: Question, photo_id: UUID) -> Photo | None:
    """One of its photos."""
    return Photo.objects.filter(question=question, pk=photo_id).prefetch_related("predictions").first()


def _around(box: Sequence[int], photo: Photo) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = box
    wide, high = round((x2 - x1) * MARGIN), round((y2 - y1) * MARGIN)
    return max(0, x1 - wide), max(0, y1 - high), min(photo.width, x2 + wide), min(photo.height, y2 + high)
