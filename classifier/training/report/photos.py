"""Photos in a report: small JPEGs inside the page, with the car's box and the model's answer."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from markupsafe import Markup
from PIL import Image, ImageDraw

from classifier.attributes import OTHER
from classifier.preprocess import UnreadablePhotoError, decode
from classifier.recognition import Recognition
from classifier.training.data.manifest import REMEMBERED
from classifier.training.evaluation.confusion import Pair, class_name
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.report.findings import Findings
from classifier.training.report.render import render_html

SIDE = 264
"""Longer side of a picture in pixels."""
QUALITY = 68
PICTURES_MOST = 3_000_000
"""Bytes of all pictures of one report, as they stand in the page."""
OF_PAIR = 2
"""Photos of each side of a confused pair."""
STATUS = {"no_vehicle": "no car found", "not_usable": "not usable", "unreadable": "unreadable"}


@dataclass(frozen=True)
class Picture:
    """What stands in a photo's place."""

    words: str
    """For those who do not see it."""
    source: str = ""
    """The picture as a data URI; "" if there is none."""
    problem: str = ""
    """What is wrong with the file, where there is no picture."""


class Album:
    """Makes a report's pictures, until they have as many bytes as a report may hold."""

    def __init__(self, most: int = PICTURES_MOST) -> None:
        self._left = most
        self.left_out = 0

    def picture(self, path: Path, box: Sequence[int] | None, words: str) -> Picture | None:
        """The photo with its box drawn in, or what is wrong with the file.

        None once the album is full.
        """
        if path.parent == REMEMBERED:
            return Picture(words, problem="a photo that is remembered: its picture is not kept")
        if self._left <= 0:
            self.left_out += 1
            return None
        try:
            data = base64.b64encode(_small(path, box)).decode()
        except UnreadablePhotoError as error:
            return Picture(words, problem=str(error))
        self._left -= len(data)
        return Picture(words, source=f"data:image/jpeg;base64,{data}")


def _small(path: Path, box: Sequence[int] | None) -> bytes:
    """Nothing of the file but its pixels: no place, camera or name. Raises UnreadablePhotoError."""
    decoded = decode(path, min_side=2 * SIDE)
    image = decoded.image
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    if box is not None:
        across, down = image.width / decoded.full_size[0], image.height / decoded.full_size[1]
        corners = [box[0] * across, box[1] * down, box[2] * across - 1, box[3] * down - 1]
        if corners[2] > corners[0] and corners[3] > corners[1]:
            ImageDraw.Draw(image).rectangle(corners, outline="#ffd400", width=2)
    buffer = io.BytesIO()
    Image.frombytes("RGB", image.size, image.tobytes()).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


@dataclass(frozen=True)
class Answer:
    """What one model said of one photo."""

    name: str
    """Make and model, or why there is none."""
    confidence: float | None

    @property
    def text(self) -> str:
        """For people."""
        return self.name if self.confidence is None else f"{self.name} {100 * self.confidence:.0f}\u00a0%"


def answer_of(said: Recognition) -> Answer:
    """The first candidate, or why there is none."""
    if said.status == "not_usable":
        return Answer("no car" if said.kind == OTHER else f"not usable ({said.kind})", None)
    if not said.candidates:
        return Answer(STATUS.get(said.status, said.status), None)
    best = said.candidates[0]
    return Answer(" ".join(part for part in (best.make, best.model, best.years) if part), best.confidence)


def label_of(one: ScoredPhoto) -> str:
    """The photo's label."""
    return " ".join(part for part in (one.row.make, one.row.model, one.row.year) if part)


def right(one: ScoredPhoto) -> bool:
    """Whether the answer is right as far as the label says it."""
    return one.model_right if one.row.model else one.make_right


def photo_facts(one: ScoredPhoto) -> dict[str, Any]:
    """What is shown of a photo, as plain values."""
    said = answer_of(one.recognition)
    return {
        "file": file_name(one.row.file), "source": one.row.source, "label": label_of(one), "answer": said.name,
        "confidence": said.confidence, "right": right(one), "known": one.known,
    }  # fmt: skip


def file_name(file: str) -> str:
    """A file's own name, without the folders of whoever keeps it; what is no text is escaped."""
    return PurePath(file).name.encode(errors="backslashreplace").decode()


@dataclass(frozen=True)
class Card:
    """A picture and the lines below it."""

    picture: Picture
    answer: str
    right: bool | None
    """None if nobody knows."""
    lines: Sequence[str]
    soft: Sequence[str]
    """Further lines, in a softer colour."""


def cards(made: Iterable[Card | None]) -> Markup:
    """Those that could be made, side by side."""
    found = [one for one in made if one is not None]
    return render_html("gallery", cards=found) if found else Markup()


def gallery(album: Album, photos: Iterable[ScoredPhoto]) -> Markup:
    """Photos with answer, label and name."""
    return cards(scored_card(album, one) for one in photos)


def scored_card(album: Album, one: ScoredPhoto, *, predicted: str = "") -> Card | None:
    """One labelled photo; None if the album is full.

    predicted: the trained class, for a section about classes; else the site's answer is shown. A
    site that adds several classes up under one name can be right where the class is wrong.
    """
    said, label = answer_of(one.recognition), label_of(one)
    good = right(one)
    if predicted:
        said, good = Answer(predicted, None), one.top1
    picture = album.picture(one.row.path, one.recognition.box, f"{label}, answered {said.text}")
    if picture is None:
        return None
    unknown = [] if one.known or not one.row.model else ["a model it does not know"]
    return Card(picture, said.text, good, lines=[f"label: {label}"], soft=[*unknown, file_name(one.row.file)])


@dataclass(frozen=True)
class PairShown:
    """A confused pair with some of its photos."""

    one: str
    other: str
    pair: Pair
    photos: Markup


def pair_shown(album: Album, findings: Findings, pair: Pair) -> PairShown:
    """Photos that were mistaken, both ways.

    Where one way has none, a photo of that class that was answered right.
    """
    one, other = (class_name(findings.classes[at]) for at in (pair.one, pair.other))
    chosen = [*_mistaken(findings, pair.one, pair.other), *_mistaken(findings, pair.other, pair.one)]
    photos = cards(scored_card(album, one, predicted=class_name(findings.classes[one.predicted])) for one in chosen)
    return PairShown(one, other, pair, photos)


def _mistaken(findings: Findings, truth: int, answer: int) -> list[ScoredPhoto]:
    of_class = [one for one in findings.scored if one.known and one.truth == truth]
    wrong = [one for one in of_class if not one.top1 and one.predicted == answer]
    wrong.sort(key=lambda one: (-one.confidence, one.row.file))
    return wrong[:OF_PAIR] or [one for one in of_class if one.top1][:1]
