"""What a tile says of a photo."""

import pytest

from marketplace.photos.selectors import photos_of
from marketplace.photos.templatetags.photo_words import says
from tests.factories import PhotoFactory, PredictionFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("confidence", "head", "more"),
    [
        (0.97, "Skoda Octavia", "Very sure (97 %)"),
        (0.4, "Perhaps Skoda Octavia", "Not sure (40 %)"),
        (0.1, "A car", "We do not know which."),
    ],
)
def test_a_guess_is_worded_as_one_and_a_stranger_is_not_named(confidence, head, more):
    photo = PhotoFactory(done=True)
    car = {"make": "Skoda", "model": "Octavia", "years": "", "confidence": confidence}
    PredictionFactory(photo=photo, candidates=[car], make_confidence=confidence)
    (shown,) = photos_of(listing=photo.listing)
    assert (says(shown).head, says(shown).more.replace("\u202f", " ").replace("\xa0", " ")) == (head, more)
