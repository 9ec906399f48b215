"""Drawings of cars for a site without photos: a side view in a landscape, marked as a drawing."""

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from marketplace.listings.models import Listing
from marketplace.operations.demo.shapes import SHAPES, Outline, Shape

MARK, MARK_SIZE = "Demo drawing", 40  # large enough to be read on a card
SIZE = (1280, 960)  # the proportions of a card on the site, so that nothing is cut off
FINER = 2  # drawn at twice the size and reduced, for smooth edges
ROAD = 770  # where the tyres stand, in pixels from the top
# In pixels: the longest car, and at most so many per millimetre, so that small cars look small.
WIDEST, LARGEST = 1110, 0.25
LIGHT, DARK = (255, 255, 255), (22, 26, 32)

Colour = tuple[int, int, int]
Points = list[tuple[float, float]]

COLOURS: dict[str, Colour] = {
    "red": (178, 38, 42),
    "blue": (38, 84, 150),
    "navy": (34, 50, 84),
    "silver": (172, 178, 184),
    "grey": (98, 106, 114),
    "black": (44, 47, 53),
    "white": (232, 234, 234),
    "green": (46, 96, 74),
    "orange": (206, 104, 38),
    "yellow": (222, 176, 52),
    "beige": (190, 174, 148),
    "teal": (38, 116, 124),
    "burgundy": (110, 32, 48),
}


@dataclass(frozen=True)
class Scene:
    """What stands behind a car."""

    sky: tuple[Colour, Colour]
    """At the top and at the horizon."""
    far: Colour
    near: Colour
    road: tuple[Colour, Colour]
    """At the kerb and at the lower edge."""
    sun: tuple[int, int, Colour] | None = None
    """The position of its centre in pixels, and its colour."""
    town: bool = False
    """Houses rather than hills."""


SCENES = (
    Scene(((152, 196, 226), (226, 238, 242)), (168, 194, 190), (126, 164, 134), ((142, 146, 150), (110, 114, 120))),
    Scene(
        ((246, 196, 150), (252, 232, 206)), (214, 168, 148), (164, 128, 118), ((132, 124, 124), (98, 92, 96)),
        sun=(980, 300, (255, 244, 220)),
    ),
    Scene(((186, 200, 216), (232, 236, 238)), (190, 198, 208), (152, 162, 176), ((148, 150, 154), (116, 118, 124)),
          town=True),
    Scene(
        ((120, 172, 200), (214, 234, 232)), (112, 160, 168), (206, 192, 150), ((150, 148, 144), (120, 118, 116)),
        sun=(330, 250, (255, 250, 232)),
    ),
    Scene(((168, 164, 200), (242, 216, 214)), (172, 156, 186), (118, 112, 148), ((120, 118, 130), (88, 88, 100)),
          town=True),
)  # fmt: skip


def drawing(*, body: str, colour: str, scene: int = 0, mirrored: bool = False) -> bytes:
    """A JPEG of a car, facing left, or right if ``mirrored``.

    body: one of Listing.Body. colour: a key of COLOURS.
    """
    shape, place = SHAPES[Listing.Body(body)], SCENES[scene % len(SCENES)]
    picture = _landscape(place)
    _car(picture, shape, COLOURS[colour])
    if mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = picture.reduce(FINER)
    _mark(picture)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def _landscape(place: Scene) -> Image.Image:
    width, height = (FINER * side for side in SIZE)
    picture = _gradient((width, height), *place.sky)
    draw = ImageDraw.Draw(picture)
    horizon, kerb = FINER * 560, FINER * 640
    if place.sun:
        x, y, glow = (FINER * place.sun[0], FINER * place.sun[1], place.sun[2])
        draw.circle((x, y), FINER * 62, fill=glow)
    _hills(draw, place.far, base=horizon - FINER * 70, high=FINER * 60, wave=FINER * 520, shift=0.6)
    if place.town:
        _houses(draw, place.near, horizon)
    else:
        _hills(draw, place.near, base=horizon, high=FINER * 34, wave=FINER * 760, shift=2.2)
    draw.rectangle((0, horizon + FINER * 20, width, kerb), fill=place.near)
    picture.paste(_gradient((width, height - kerb), *place.road), (0, kerb))
    draw.rectangle((0, kerb, width, kerb + FINER * 8), fill=_mix(place.road[0], LIGHT, 0.35))
    return picture


def _hills(draw: ImageDraw.ImageDraw, colour: Colour, *, base: float, high: float, wave: float, shift: float) -> None:
    width, height = (FINER * side for side in SIZE)
    line: Points = [
        (x, base + high * (math.sin(x / wave * math.tau + shift) + 0.4 * math.sin(x / wave * 5 + shift)))
        for x in range(0, width + FINER * 8, FINER * 8)
    ]
    draw.polygon([*line, (width, height), (0, height)], fill=colour)


def _houses(draw: ImageDraw.ImageDraw, colour: Colour, horizon: int) -> None:
    x = 0
    for number in range(24):
        wide, high = FINER * (70 + number * 37 % 60), FINER * (60 + number * 53 % 110)
        front = _mix(colour, LIGHT, 0.06 * (number * 7 % 4))
        draw.rectangle((x, horizon - high, x + wide, horizon + FINER * 40), fill=front)
        for storey in range(horizon - high + FINER * 16, horizon - FINER * 10, FINER * 30):
            for window in range(x + FINER * 12, x + wide - FINER * 16, FINER * 24):
                draw.rectangle(
                    (window, storey, window + FINER * 10, storey + FINER * 14), fill=_mix(front, LIGHT, 0.3)
                )  # fmt: skip
        x += wide


class _Pencil:
    """Draws on the picture in a shape's millimetres."""

    def __init__(self, picture: Image.Image, shape: Shape) -> None:
        self.picture = picture
        length = max(x for x, _, _ in shape.body)
        self.scale = FINER * min(LARGEST, WIDEST / length)
        self.left = (picture.width - length * self.scale) / 2

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.scale, FINER * ROAD - y * self.scale

    def points(self, outline: Outline) -> Points:
        return [self.at(*point) for point in _rounded(outline)]

    def mask(self, outline: Outline) -> Image.Image:
        """A mask of the picture's size, white inside the outline."""
        mask = Image.new("L", self.picture.size)
        ImageDraw.Draw(mask).polygon(self.points(outline), fill=255)
        return mask

    def fill(self, mask: Image.Image, top: Colour, bottom: Colour, *, within: Image.Image | None = None) -> None:
        """Fill the white of the mask (and of ``within``) with a gradient from top to bottom."""
        box = mask.getbbox()
        if box:
            self.picture.paste(
                _gradient((box[2] - box[0], box[3] - box[1]), top, bottom), box, _part(mask, box, within)
            )

    def tint(
        self, mask: Image.Image, colour: Colour, strength: float, *, within: Image.Image | None = None, blur: int = 0
    ) -> None:
        """Blend the colour over the white of the mask (and of ``within``).

        strength: the colour's share, 0…1. blur: softness of the edge, in pixels.
        """
        box = mask.getbbox()
        if box:
            room = 3 * blur
            box = (max(box[0] - room, 0), box[1] - room, min(box[2] + room, mask.width), box[3] + room)
            part = _part(mask, box, within).point([round(value * strength) for value in range(256)])
            self.picture.paste(colour, box, part.filter(ImageFilter.GaussianBlur(blur)) if blur else part)

    def line(self, points: Outline, colour: Colour, millimetres: float) -> None:
        ImageDraw.Draw(self.picture).line(
            [self.at(x, y) for x, y, _ in points], fill=colour, width=max(1, round(millimetres * self.scale)),
            joint="curve",
        )  # fmt: skip

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        ImageDraw.Draw(self.picture).circle(self.at(x, y), radius * self.scale, fill=colour)


def _part(mask: Image.Image, box: tuple[int, int, int, int], within: Image.Image | None) -> Image.Image:
    part = mask.crop(box)
    return part if within is None else ImageChops.multiply(part, within.crop(box))


def _car(picture: Image.Image, shape: Shape, colour: Colour) -> None:
    pencil = _Pencil(picture, shape)
    _shadow(pencil, shape)
    for inside in shape.open_top:
        pencil.fill(pencil.mask(inside), (74, 74, 78), (40, 40, 44))
    body = pencil.mask(shape.body)
    _sheet_metal(pencil, shape, body, colour)
    _lamps(pencil, shape, body)
    _glass(pencil, shape, colour)
    _joints(pencil, shape, colour)
    for axle in shape.axles:
        _wheel(pencil, shape, axle)


def _shadow(pencil: _Pencil, shape: Shape) -> None:
    shadow = Image.new("L", pencil.picture.size)
    nose, tail = pencil.at(60, 95), pencil.at(shape.body[-1][0] - 40, -55)
    ImageDraw.Draw(shadow).ellipse((*nose, *tail), fill=255)
    pencil.tint(shadow, DARK, 0.65, blur=FINER * 9)


def _sheet_metal(pencil: _Pencil, shape: Shape, body: Image.Image, colour: Colour) -> None:
    """The body, lit from above: darker towards the sill, with a light edge along the shoulder."""
    pencil.fill(body, _mix(colour, LIGHT, 0.26), _mix(colour, DARK, 0.38))
    long, sill = shape.body[-1][0], shape.body[0][1]
    shoulder: Outline = (
        (-50, shape.belt - 150, 0), (long / 2, shape.belt - 95, 900), (long + 50, shape.belt - 150, 0),
        (long + 50, shape.belt - 205, 0), (long / 2, shape.belt - 140, 900), (-50, shape.belt - 205, 0),
    )  # fmt: skip
    pencil.tint(pencil.mask(shoulder), LIGHT, 0.30, blur=FINER * 2, within=body)
    lower: Outline = ((-50, sill - 40, 0), (long + 50, sill - 40, 0), (long + 50, sill + 110, 0), (-50, sill + 110, 0))
    pencil.tint(pencil.mask(lower), DARK, 0.62, within=body)
    if shape.bed:
        front, rear = shape.bed
        rim = shape.belt + 15
        pencil.line(((front, rim, 0), (rear, rim - 10, 0)), _mix(colour, DARK, 0.55), 34)
    for axle in shape.axles:
        arch = Image.new("L", pencil.picture.size)
        ImageDraw.Draw(arch).circle(pencil.at(axle, shape.wheel), (shape.wheel + 62) * pencil.scale, fill=255)
        pencil.tint(arch, DARK, 1.0, within=body)


def _lamps(pencil: _Pencil, shape: Shape, body: Image.Image) -> None:
    nose, tail = shape.body[2][1], shape.body[-3][1]
    long = shape.body[-1][0]
    head: Outline = (
        (-60, nose - 150, 0), (-60, nose - 10, 0), (150, nose + 20, 20), (330, nose + 20, 20), (200, nose - 120, 50),
    )  # fmt: skip
    back: Outline = (
        (long + 80, tail - 180, 0), (long + 80, tail + 40, 0), (long - 130, tail + 40, 30), (long - 70, tail - 180, 30),
    )  # fmt: skip
    for outline, top, bottom in ((head, (250, 250, 244), (206, 214, 220)), (back, (206, 44, 40), (140, 20, 24))):
        pencil.fill(pencil.mask(outline), top, bottom, within=body)


def _glass(pencil: _Pencil, shape: Shape, colour: Colour) -> None:
    for window in shape.windows:
        glass = pencil.mask(window)
        pencil.fill(glass, (120, 142, 160), (46, 58, 70))
        left, low = min(x for x, _, _ in window), shape.belt
        gleam: Outline = (
            (left + 260, low - 20, 0), (left + 420, low - 20, 0), (left + 900, 2100, 0), (left + 740, 2100, 0),
        )  # fmt: skip
        pencil.tint(pencil.mask(gleam), LIGHT, 0.16, within=glass)
        edge = pencil.points(window)
        ImageDraw.Draw(pencil.picture).line(
            [*edge, edge[0]], fill=_mix(colour, DARK, 0.62), width=round(14 * pencil.scale), joint="curve"
        )


def _joints(pencil: _Pencil, shape: Shape, colour: Colour) -> None:
    """Doors, handles and the mirror."""
    dark, sill = _mix(colour, DARK, 0.5), shape.body[0][1]
    rear_arch = shape.axles[1] - shape.wheel - 62
    for number, x in enumerate(shape.doors):
        foot = min(x + (90 if number == 0 else 0), rear_arch - 20)
        pencil.line(((x, shape.belt, 0), (x, sill + 330, 0), (foot, sill + 125, 0)), dark, 11)
        if number:
            handle = shape.belt - 110
            pencil.line(((x - 250, handle, 0), (x - 90, handle, 0)), dark, 42)
            pencil.line(((x - 244, handle + 6, 0), (x - 96, handle + 6, 0)), _mix(colour, LIGHT, 0.35), 22)
    x, y, _ = shape.windows[shape.mirror][0]
    mirror: Outline = (
        (x + 90, y + 10, 30), (x + 70, y + 120, 50), (x + 210, y + 130, 40), (x + 230, y + 20, 30),
    )  # fmt: skip
    pencil.fill(pencil.mask(mirror), _mix(colour, LIGHT, 0.18), _mix(colour, DARK, 0.35))


def _wheel(pencil: _Pencil, shape: Shape, x: float) -> None:
    radius = shape.wheel
    for part, colour in ((1.0, (30, 31, 34)), (0.72, (52, 54, 58)), (0.68, (196, 200, 204)), (0.60, (70, 73, 78))):
        pencil.disc(x, radius, radius * part, colour)
    for spoke in range(5):
        angle = math.tau * spoke / 5 + math.pi / 2
        reach = radius * 0.63
        for aside in (-0.13, 0.13):
            end = (x + reach * math.cos(angle + aside), radius + reach * math.sin(angle + aside))
            pencil.line(((x, radius, 0), (*end, 0)), (198, 202, 206), radius * 0.13)
    pencil.disc(x, radius, radius * 0.16, (150, 154, 160))
    pencil.disc(x, radius, radius * 0.08, (90, 94, 100))


def _mark(picture: Image.Image) -> None:
    """Mark the picture as a drawing, at the lower left: the gallery's count is at the right."""
    font = ImageFont.load_default(MARK_SIZE)
    draw = ImageDraw.Draw(picture, "RGBA")
    x, y = MARK_SIZE, picture.height - MARK_SIZE
    left, top, right, bottom = draw.textbbox((x, y), MARK, font=font, anchor="ls")
    air = MARK_SIZE // 2
    draw.rounded_rectangle((left - air, top - air, right + air, bottom + air), radius=air, fill=(*LIGHT, 205))
    draw.text((x, y), MARK, font=font, anchor="ls", fill=(*DARK, 215))


def _rounded(outline: Outline) -> Points:
    """The outline with its corners rounded by quadratic Bézier curves."""
    points: Points = []
    for number, (x, y, radius) in enumerate(outline):
        before, after = outline[number - 1], outline[(number + 1) % len(outline)]
        if not radius:
            points.append((x, y))
            continue
        start, end = _towards((x, y), before, radius), _towards((x, y), after, radius)
        for step in range(13):
            t = step / 12
            first, middle, last = (1 - t) ** 2, 2 * t * (1 - t), t**2
            points.append(
                (first * start[0] + middle * x + last * end[0], first * start[1] + middle * y + last * end[1])
            )  # fmt: skip
    return points


def _towards(point: tuple[float, float], other: tuple[float, ...], distance: float) -> tuple[float, float]:
    """The point at this distance towards the other; at most half-way, where its curve begins."""
    apart = math.dist(point, other[:2])
    share = min(distance / apart, 0.5)
    return point[0] + share * (other[0] - point[0]), point[1] + share * (other[1] - point[1])


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    height = (1, size[1])
    blend = Image.linear_gradient("L").crop((0, 0, 1, 256)).resize(height)
    column = Image.composite(Image.new("RGB", height, bottom), Image.new("RGB", height, top), blend)
    return column.resize(size, Image.Resampling.NEAREST)


def _mix(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue
