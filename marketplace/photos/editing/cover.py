"""Which photo stands for the advertisement: the best one from outside, until the seller chooses.

The cover is the first photo. Whoever makes another photo the first one, with the star, the arrows
or by dragging, has chosen; if that photo goes, the choice goes with it.
"""

import math
from uuid import UUID

from marketplace.photos.checklist import view_believed
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.selectors import photos_in_order, prediction_latest

# How well each view shows a car, front corner first, as buyers know it from every catalogue.
WORTH = {"front corner": 1.0, "front": 0.85, "side": 0.75, "rear corner": 0.65, "rear": 0.55}
WORTH_UNKNOWN = 0.5
# Share of the picture that the car takes, from which on more is not better.
LARGE = 0.35
CUT_OFF = 0.8
"""Of the worth that is left where the frame cuts the car off."""
CROWDED = 0.9
"""Of the worth that is left where other cars are in the picture."""


def cover_refresh(*, listing_id: int) -> None:
    """Make the best photo from outside the first one, unless the seller has chosen.

    Call it inside a transaction that holds the lock of the listing. While photos are being looked
    at, the best one may change several times.
    """
    photos = list(photos_in_order(listing_id=listing_id))
    if not photos or any(photo.chosen_cover for photo in photos):
        return
    worths = {photo.pk: cover_worth(photo, prediction_latest(photo=photo)) for photo in photos}
    best = max(photos, key=lambda photo: worths[photo.pk])  # of equals the first
    if worths[best.pk] > worths[photos[0].pk]:
        positions_store([best, *(photo for photo in photos if photo != best)])


def cover_choose(photos: list[Photo], *, before: UUID | None) -> None:
    """Note that the seller made the first of these photos the first one. before: the old first."""
    if photos and photos[0].pk != before:
        Photo.objects.filter(pk__in=[photo.pk for photo in photos]).update(chosen_cover=False)
        Photo.objects.filter(pk=photos[0].pk).update(chosen_cover=True)


def positions_store(photos: list[Photo]) -> None:
    """Number the photos in this order."""
    for position, photo in enumerate(photos):
        photo.position = position
    Photo.objects.bulk_update(photos, ["position"])


def cover_worth(photo: Photo, prediction: Prediction | None) -> float:
    """0…1; 0 for what is no recognised car from outside."""
    if photo.status != Photo.Status.DONE or photo.outcome != Photo.Outcome.OK or prediction is None:
        return 0.0
    worth = WORTH.get(view_believed(prediction), WORTH_UNKNOWN) * (CROWDED if (prediction.cars or 0) > 1 else 1.0)
    if prediction.box is None:
        return worth
    x1, y1, x2, y2 = prediction.box
    share: float = (x2 - x1) * (y2 - y1) / (photo.width * photo.height)
    return worth * math.sqrt(min(1.0, share / LARGE)) * (CUT_OFF if x1 <= 0 or x2 >= photo.width else 1.0)
