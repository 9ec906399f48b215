"""What happened to a photo, in people's words."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.listings.guesses import WORTH_SAYING
from marketplace.listings.templatetags.car_words import per_cent, sure_words
from marketplace.listings.verdicts import candidate_names, candidate_sure, one_of
from marketplace.photos.checklist import view_believed_words, view_words
from marketplace.photos.models import Heatmap, Photo, Prediction
from marketplace.photos.quality import Hint, hints_of
from marketplace.photos.selectors import prediction_latest

register = template.Library()


class PhotoSays(NamedTuple):
    """One photo's state for the page.

    ``tone`` is working, ok, plain or bad; ``icon`` is one of static/img/icons.svg; ``view`` is the
    line of the checklist that it ticks.
    """

    tone: str
    icon: str
    head: str | Promise
    more: str | Promise
    view: str = ""


UNDER_WAY: dict[str, PhotoSays] = {
    Photo.Status.PENDING: PhotoSays("working", "", _("Waiting"), ""),
    Photo.Status.CLAIMED: PhotoSays("working", "", _("Looking at it"), ""),
    Photo.Status.FAILED: PhotoSays("bad", "warn", _("Could not be looked at"), _("It stays in the advertisement.")),
}
ENDED: dict[str, PhotoSays] = {
    Photo.Outcome.NO_VEHICLE: PhotoSays("plain", "info", _("No car found"), _("Is the whole car in the picture?")),
    Photo.Outcome.UNREADABLE: PhotoSays("bad", "warn", _("Unreadable"), _("Please try another photo.")),
}
NO_CAR = PhotoSays(
    "bad", "warn", _("No car"), _("There is no car on this photo. Please remove it, or a moderator will ask you to.")
)


SURE_ENOUGH = 0.6  # from here on a tile shows a tick


@register.filter
def several_cars(cars: int | None) -> str:
    """The hint to the seller of a photo that shows several cars; empty if there is one at most."""
    if cars is None or cars < 2:
        return ""
    if cars == 2:
        return gettext("There are two cars in this picture. We took the larger one for yours.")
    return gettext("There are several cars in this picture. We took the largest for yours.")


def _recognised(prediction: Prediction | None) -> PhotoSays:
    if prediction is None or not prediction.make_name:
        return PhotoSays("ok", "check", gettext("Recognised"), "", view_believed_words(prediction))
    name, sure = prediction.make_name, prediction.make_confidence
    if prediction.candidates:
        best = prediction.candidates[0]
        name, sure = one_of(candidate_names(best), most=2), candidate_sure(best)
    known = sure is None or sure >= WORTH_SAYING
    more = f"{sure_words(sure).capitalize()} ({per_cent(sure)})" if known else gettext("We do not know which.")
    if several := several_cars(prediction.cars):
        more = f"{more.removesuffix('.')}. {several}"
    view = view_believed_words(prediction)
    if not known:
        return PhotoSays("plain", "info", gettext("A car"), more, view)
    if sure is not None and sure < SURE_ENOUGH:
        return PhotoSays("plain", "info", gettext("Perhaps %(name)s") % {"name": name}, more, view)
    return PhotoSays("ok", "check", name, more, view)


@register.filter
def latest(photo: Photo) -> Prediction | None:
    """The newest prediction of a photo that came from ``photos_of`` (no query)."""
    return prediction_latest(photo=photo)


@register.filter
def says(photo: Photo) -> PhotoSays:
    """What to tell about a photo. Interiors and details are welcome, but tell no model; photos of
    something else are not."""
    if photo.status != Photo.Status.DONE:
        return UNDER_WAY[photo.status]
    if photo.outcome == Photo.Outcome.OK:
        return _recognised(prediction_latest(photo=photo))
    if photo.outcome == Photo.Outcome.NOT_USABLE and photo.shows_no_car:
        return NO_CAR
    if photo.outcome == Photo.Outcome.NOT_USABLE:
        what = {"interior": gettext("Interior"), "detail": gettext("Detail")}.get(
            photo.kind, gettext("Not the whole car")
        )
        return PhotoSays("plain", "info", what, gettext("Good to show; says nothing about the model."))
    return ENDED[photo.outcome]


register.filter("view_words", view_words)


@register.filter
def same_as(photo: Photo, same: Mapping[UUID, int]) -> int | None:
    """The number of the photo that shows the same picture, from ``tiles_context``."""
    return same.get(photo.pk)


@register.filter
def hints(photo: Photo) -> list[Hint]:
    """What could be better about a photo from ``photos_of`` (no query)."""
    return hints_of(photo, prediction_latest(photo=photo))


class Rect(NamedTuple):
    """A box as SVG draws it."""

    x: int
    y: int
    width: int
    height: int


@register.filter
def box_rect(box: Sequence[int]) -> Rect:
    """``[x1, y1, x2, y2]`` as an SVG's rectangle."""
    x1, y1, x2, y2 = box
    return Rect(x1, y1, x2 - x1, y2 - y1)


@register.filter
def box_width(boxed: Prediction | Heatmap) -> int:
    """Pixels of the master, for an SVG whose viewBox is the master's size."""
    return 0 if boxed.box is None else boxed.box[2] - boxed.box[0]


@register.filter
def box_height(boxed: Prediction | Heatmap) -> int:
    return 0 if boxed.box is None else boxed.box[3] - boxed.box[1]
