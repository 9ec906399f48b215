"""Which views of a car buyers want to see, and which of them the photos already show."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.photos.models import Photo, Prediction
from marketplace.photos.selectors import prediction_latest

VIEW_BELIEVED = 0.5
"""A less likely view ticks nothing off. A wrong tick does little harm, so half is enough."""

# What buyers want, and the views that show it (all of classifier.attributes.VIEWS): either side
# will do.
VIEWS_WANTED = {
    "front": ("front",),
    "front corner": ("front-left", "front-right"),
    "side": ("side-left", "side-right"),
    "rear corner": ("rear-left", "rear-right"),
    "rear": ("rear",),
}
INTERIOR = Photo.Kind.INTERIOR.value
WANTED_OF = {view: wanted for wanted, views in VIEWS_WANTED.items() for view in views}
WORDS = {
    "front": (pgettext_lazy("of a car", "front"), _("the front")),
    "front corner": (_("front corner"), _("the front corner")),
    "side": (pgettext_lazy("of a car", "side"), _("the side")),
    "rear corner": (_("rear corner"), _("the rear corner")),
    "rear": (pgettext_lazy("of a car", "rear"), _("the rear")),
    INTERIOR: (pgettext_lazy("of a car", "interior"), _("the interior")),
}
"""By themselves, and in the sentence "Not seen yet: …"."""


@dataclass(frozen=True)
class WantedView:
    """One line of the list."""

    wanted: str
    seen: bool

    @property
    def words(self) -> str:
        return str(WORDS[self.wanted][0])


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
        missing = [str(WORDS[view.wanted][1]) for view in self.views if not view.seen]
        if not self.photos:
            return gettext("Each is ticked as soon as one of your photos shows it. None of them is a must.")
        if not missing:
            return gettext("All there: buyers can look around the whole car.")
        if self.looking:
            return gettext("Ticked as we look at your photos.")
        return ngettext(
            "Not seen yet: %(views)s. It helps, but you can submit without it.",
            "Not seen yet: %(views)s. They help, but you can submit without them.",
            len(missing),
        ) % {"views": _all_of(missing)}


def _all_of(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return gettext("%(several)s and %(last)s") % {"several": ", ".join(names[:-1]), "last": names[-1]}


def checklist_of(*, photos: Sequence[Photo]) -> Checklist | None:
    """Which wanted views the photos show; no query if they come from ``photos_of``.

    None if the car's photos were all recognised by models that tell no view.
    """
    done = [photo for photo in photos if photo.status == Photo.Status.DONE]
    cars = [prediction_latest(photo=photo) for photo in done if photo.outcome == Photo.Outcome.OK]
    if cars and not any(prediction is not None and prediction.view for prediction in cars):
        return None
    seen = {view_believed(prediction) for prediction in cars}
    if any(photo.kind == INTERIOR for photo in done):
        seen.add(INTERIOR)
    views = tuple(WantedView(wanted, wanted in seen) for wanted in (*VIEWS_WANTED, INTERIOR))
    return Checklist(views, photos=len(photos), looking=any(not photo.is_settled for photo in photos))


def view_words(prediction: Prediction | None) -> str:
    """The view in people's words, which do not tell left from right."""
    return _words(_wanted(prediction))


def view_believed(prediction: Prediction | None) -> str:
    """Which of the wanted views it is, if the prediction is confident enough; otherwise empty."""
    sure = prediction is not None and (prediction.view_confidence or 0.0) >= VIEW_BELIEVED
    return _wanted(prediction) if sure else ""


def view_believed_words(prediction: Prediction | None) -> str:
    """As view_words, if the prediction is confident enough; otherwise empty."""
    return _words(view_believed(prediction))


def _wanted(prediction: Prediction | None) -> str:
    return "" if prediction is None else WANTED_OF.get(prediction.view, "")


def _words(wanted: str) -> str:
    return str(WORDS[wanted][0]) if wanted else ""
