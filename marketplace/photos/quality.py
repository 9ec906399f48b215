"""What could be better about a photo, each with its reason in figures. Advice only.

The limits were set on real photos so that hardly any good one is complained of;
``scripts/measure_photo_hints.py`` prints how many are.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from marketplace.photos.models import Photo, Prediction

SMALL = 640
"""Pixels of the longer side: with fewer, the photo is stretched on every screen but a phone's."""
DARK = 100.0
"""Grey level, 0…255, that the brightest twentieth of a photo should at least reach."""
BLURRED = 0.45
"""How blurred a photo may be: see decoder.blur."""
EDGE = 0.001
"""Of the photo's width and height: a car that comes closer to the frame than this is cut off."""
FILLED, EDGE_FILLED = 0.7, 0.004
"""The same of a car that fills this share of the photo: there is no room in which it might end."""
HEAD_ON = ("front", "rear")
"""Views in which the mirrors, and nothing of the car's body, reach the frame at the sides."""


@dataclass(frozen=True)
class Measured:
    """What the hints depend on."""

    width: int
    height: int
    brightness: float | None = None
    blur: float | None = None
    kind: str = ""
    box: tuple[int, int, int, int] | None = None
    """The car's, in pixels of the photo; None: no car was found."""
    view: str = ""
    """Which side it shows, of classifier.attributes.VIEWS."""


@dataclass(frozen=True)
class Hint:
    """One thing that could be better."""

    code: str
    words: str


def hints_of(photo: Photo, prediction: Prediction | None) -> list[Hint]:
    """The hints for a stored photo; those about the car as soon as it was looked at."""
    box = prediction.box if prediction is not None and photo.outcome == Photo.Outcome.OK else None
    place = None if box is None else (box[0], box[1], box[2], box[3])
    view = prediction.view if prediction is not None else ""
    return hints(Measured(photo.width, photo.height, photo.brightness, photo.blur, photo.kind, place, view))


def hints(seen: Measured) -> list[Hint]:
    """Everything that could be better, the worst first."""
    found = []
    if seen.brightness is not None and seen.brightness < DARK:
        per_cent = round(100 * seen.brightness / 255)
        words = _("Too dark: even its brightest parts reach only %(per_cent)s %% of white.")
        found.append(Hint("dark", words % {"per_cent": per_cent}))
    if seen.blur is not None and seen.blur > BLURRED:
        found.append(Hint("blurred", _("Blurred: edges are soft all over the picture.")))
    if max(seen.width, seen.height) < SMALL:
        words = _("Small: %(width)s × %(height)s pixels. Buyers see it stretched.")
        found.append(Hint("small", words % {"width": seen.width, "height": seen.height}))
    if seen.kind == Photo.Kind.EXTERIOR and seen.box is not None and (sides := _cut_sides(seen)):
        found.append(Hint("cut_off", _("The car is cut off: %(sides)s.") % {"sides": ", ".join(sides)}))
    return found


def _cut_sides(seen: Measured) -> list[str]:
    """The sides on which the frame cuts the car off."""
    if seen.box is None:
        return []
    x1, y1, x2, y2 = seen.box
    fills = (x2 - x1) * (y2 - y1) >= FILLED * seen.width * seen.height
    edge = EDGE_FILLED if fills else EDGE
    across, down = seen.width * edge, seen.height * edge
    from_side = seen.view not in HEAD_ON
    cut = {
        _("left"): from_side and x1 <= across,
        _("right"): from_side and x2 >= seen.width - across,
        _("top"): y1 <= down,
        _("bottom"): y2 >= seen.height - down,
    }
    return [side for side, is_cut in cut.items() if is_cut]
