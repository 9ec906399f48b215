"""Photos in a report: small JPEGs inside the page, with the car's box and what was said of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePath
from typing import Any

from PIL import Image, ImageDraw

from classifier.preprocess import UnreadablePhotoError, decode
from classifier.recognition import Recognition
from classifier.training.evaluation.confusion import Pair, class_name
from classifier.training.evaluation.scored_photo import ScoredPhoto
from classifier.training.report.findings import Findings

SIDE = 264
"""Longer side of a picture in pixels."""
QUALITY = 68
PICTURES_MOST = 3_000_000
"""Bytes of all pictures of one report, as they stand in the page."""
OF_PAIR = 2
"""Photos of each side of a confused pair."""
STATUS = {"no_vehicle": "no car found", "not_usable": "not usable", "unreadable": "unreadable"}


class Album:
    """Makes a report's pictures until there are as many bytes of them as a report may hold."""

    def __init__(self, most: int = PICTURES_MOST) -> None:
        self._left = most
        self.left_out = 0

    def picture(self, path: Path, box: Sequence[int] | None, words: str) -> str | None:
        """An image with its box drawn in, or what is wrong with the file; None once the album is full."""
        if self._left <= 0:
            self.left_out += 1
            return None
        try:
            data = base64.b64encode(_small(path, box)).decode()
        except UnreadablePhotoError as error:
            return f'<div class="missing">{escape(str(error))}</div>'
        self._left -= len(data)
        return f'<img loading="lazy" alt="{escape(words)}" src="data:image/jpeg;base64,{data}">'


def _small(path: Path, box: Sequence[int] | None) -> bytes:
    """Nothing of the file but its pixels: no place, no camera, no name. Raises UnreadablePhotoError."""
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
        return Answer(f"not usable ({said.kind})", None)
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


def gallery(album: Album, photos: Iterable[ScoredPhoto]) -> str:
    """Photos with answer, label and name."""
    return cards(scored_card(album, one) for one in photos)


def cards(made: Iterable[str | None]) -> str:
    """Those that could be made, side by side."""
    found = [one for one in made if one is not None]
    return f'<div class="gallery">{"".join(found)}</div>' if found else ""


def scored_card(album: Album, one: ScoredPhoto, *, predicted: str = "") -> str | None:
    """One labelled photo. predicted: the trained class, for a page about classes; else the site's answer is shown.

    A site that adds several classes up under one name is right where the class is wrong.
    """
    said, label = answer_of(one.recognition), label_of(one)
    good = right(one)
    if predicted:
        said, good = Answer(predicted, None), one.top1
    verdict = f'<span class="{"good" if good else "bad"}">{"right" if good else "wrong"}</span>'
    of = "" if one.known or not one.row.model else '<br><span class="soft">a model it does not know</span>'
    return card(
        album, path=one.row.path, box=one.recognition.box, words=f"{label}, answered {said.text}",
        lines=f"<b>{escape(said.text)}</b> {verdict}<br>label: {escape(label)}{of}"
        f'<br><span class="soft">{escape(file_name(one.row.file))}</span>',
    )  # fmt: skip


def card(album: Album, *, path: Path, box: Sequence[int] | None, words: str, lines: str) -> str | None:
    """A picture with HTML below it; None if the album is full."""
    picture = album.picture(path, box, words)
    return None if picture is None else f"<figure>{picture}<figcaption>{lines}</figcaption></figure>"


def pair_gallery(album: Album, findings: Findings, pair: Pair) -> str:
    """Photos that were mistaken, both ways; where one way has none, photos of that class that were not."""
    one, other = (class_name(findings.classes[at]) for at in (pair.one, pair.other))
    chosen = [*_mistaken(findings, pair.one, pair.other), *_mistaken(findings, pair.other, pair.one)]
    counts = f"{pair.mistaken[0]} of {pair.photos[0]} {one} taken for {other}"
    back = f"{pair.mistaken[1]} of {pair.photos[1]} the other way round"
    return (
        f"<h3>{escape(one)} and {escape(other)}</h3><p>{escape(counts)}, {escape(back)} "
        f"({100 * pair.share:.0f} % on average).</p>"
        + cards(scored_card(album, one, predicted=class_name(findings.classes[one.predicted])) for one in chosen)
    )


def _mistaken(findings: Findings, truth: int, answer: int) -> list[ScoredPhoto]:
    of_class = [one for one in findings.scored if one.known and one.truth == truth]
    wrong = [one for one in of_class if not one.top1 and one.predicted == answer]
    wrong.sort(key=lambda one: (-one.confidence, one.row.file))
    return wrong[:OF_PAIR] or [one for one in of_class if one.top1][:1]
