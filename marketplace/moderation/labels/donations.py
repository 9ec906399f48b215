"""Photos that visitors gave for training come to the moderators as labels to check.

The label is what the recogniser says; the moderator keeps it, names the right car, or leaves the
photo out, as with any doubtful label.
"""

from datetime import timedelta

from django.utils import timezone

from marketplace.moderation.labels.doubts import Doubt, label_ask
from marketplace.moderation.models import LabelReview
from marketplace.photos.asking.donations import photos_donated
from marketplace.photos.models import Photo
from marketplace.photos.selectors import KEEP, prediction_latest
from marketplace.photos.services import photo_remove

SOURCE = "donations"
AT_ONCE = 100
NOT_KEPT = (LabelReview.Status.DISCARDED, LabelReview.Status.NO_CAR)
UNTIL_ASKED = KEEP + timedelta(minutes=5)
"""So long the visitor can take them back: nobody looks at them before."""


def donations_sweep() -> dict[str, int]:
    """Ask about what was given, and remove what moderators left out; safe to run twice."""
    return {"asked": _ask(), "removed": _remove()}


def _ask() -> int:
    waiting = photos_donated().filter(
        question__created_at__lt=timezone.now() - UNTIL_ASKED, label_reviews=None, predictions__isnull=False
    )
    return sum(_ask_about(photo) for photo in waiting.distinct().order_by("created_at")[:AT_ONCE])


def _ask_about(photo: Photo) -> bool:
    said = prediction_latest(photo=photo)
    if said is None or not said.candidates:
        return False
    best = said.candidates[0]
    try:
        size = photo.file.size
    except FileNotFoundError:
        return False
    doubt = Doubt(
        sha256=photo.master_sha256, size=size, source=SOURCE, file=f"{photo.pk}.jpg", make=best["make"],
        model=best["model"], year="", score=best["confidence"], stated=best["confidence"],
        suggestions=said.candidates[1:] or said.candidates, ranked_by=said.model_version.version, photo=photo,
    )  # fmt: skip
    return label_ask(doubt=doubt, picture=bytes)


def _remove() -> int:
    left_out = photos_donated().filter(label_reviews__status__in=NOT_KEPT)
    return sum(photo_remove(photo=photo) for photo in left_out[:AT_ONCE])
