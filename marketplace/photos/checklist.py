"""Which views of a car buyers want to see, and which of them the photos already show."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.photos.models import Photo, Prediction
from marketplace.photos.selectors import prediction_latest

VIEW_BELIEVED = 0.5
"""A less likely view ticks nothing off. A wrong tick does little harm, so half is enough."""

# What buyers want, and the views that show it (all of classifier.attributes.VIEWS): either side
# will do.
VIEW_WORDS = {
    "front": ("front",),
    _("front corner"): ("front-left", "front-right"),
    "side": ("side-left", "side-right"),
    _("rear corner"): ("rear-left", "rear-right"),
    "rear": ("rear",),
}
INTERIOR = Photo.Kind.INTERIOR.value
WORDS_OF = {view: words for words, views in VIEW_WORDS.items() for view in views}


@dataclass(frozen=True)
class WantedView:
    """One line of the list."""

    words: str
    seen: bool


@dataclass(frozen=True)
class Checklist:
    """What the seller is told. It is advice only: no photo is required."""

    views: tuple[WantedView, ...]
    photos: int
    looking: bool
    """Some photos are not recognised yet, so no view may be called missing."""

    @property
    def told(self) -> str:
        """What is missing, in a sentence or two."""
        missing = [gettext("the %(words)s") % {"words": view.words} for view in self.views if not view.seen]
        if not self.photos:
            return gettext("Each is ticked as soon as one of your photos shows it. None of them is a must.")
        if not missing:
            return gettext("All there: buyers can look around the whole car.")
        if self.looking:
            return gettext("Ticked as we look at your photos.")
        named = " and ".join(part for part in (", ".join(missing[:-1]), missing[-1]) if part)
        helps, them = (gettext("It helps"), "it") if len(missing) == 1 else (gettext("They help"), "them")
        return gettext("Not seen yet: %(named)s. %(helps)s, but you can submit without %(them)s.") % {
            "named": named,
            "helps": helps,
            "them": them,
        }


def checklist_of(*, photos: Sequence[Photo]) -> Checklist | None:
    """Which wanted views the photos show; no query if they come from ``photos_of``.

    None if the car's photos were all recognised by models that tell no view.
    """
    done = [photo for photo in photos if photo.status == Photo.Status.DONE]
    cars = [prediction_latest(photo=photo) for photo in done if photo.outcome == Photo.Outcome.OK]
    if cars and not any(prediction is not None and prediction.view for prediction in cars):
        return None
    seen = {view_words(prediction) for prediction in cars if _believed(prediction)}
    if any(photo.kind == INTERIOR for photo in done):
        seen.add(INTERIOR)
    views = tuple(WantedView(words, words in seen) for words in (*VIEW_WORDS, INTERIOR))
    return Checklist(views, photos=len(photos), looking=any(not photo.is_settled for photo in photos))


def view_words(prediction: Prediction | None) -> str:
    """The view in people's words, which do not tell left from right."""
    return "" if prediction is None else WORDS_OF.get(prediction.view, "")


def view_believed(prediction: Prediction | None) -> str:
    """As view_words, if the prediction is confident enough; otherwise empty."""
    return view_words(prediction) if _believed(prediction) else ""


def _believed(prediction: Prediction | None) -> bool:
    return prediction is not None and (prediction.view_confidence or 0.0) >= VIEW_BELIEVED
