"""An operator's own folder of pictures in a report.

It shows what the model says of each, and the champion beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.folder import photos_in
from classifier.names import name_key
from classifier.recognition import Recognition
from classifier.training.errors import ReportError
from classifier.training.report.page import Section
from classifier.training.report.photos import Album, Answer, Card, answer_of, cards
from classifier.training.report.render import render_html

SHOWN = 48
"""About so many pictures are shown."""
NAMED = 50
"""Of the unreadable files so many are named, the rest are counted."""


@dataclass(frozen=True)
class ExternalPhoto:
    """One picture of the folder."""

    path: Path
    name: str
    """Below the folder; what is no text is escaped."""
    label: str
    """Name of the subfolder it lies in, "bmw x5" or any other; "" if it lies in none."""


@dataclass(frozen=True)
class ExternalAnswers:
    """The folder's pictures and the recognitions of each."""

    photos: Sequence[ExternalPhoto]
    said: Sequence[Recognition]
    """The model's, in the order of photos; log_probs may be missing."""
    champion: Sequence[Recognition] | None = None
    makes: Collection[str] = ()
    """The makes that the model knows. They tell which folders are named after a car."""


def external_photos(folder: Path) -> list[ExternalPhoto]:
    """The pictures in the folder and below it. Raises ReportError if it is none, or holds none."""
    try:
        paths = photos_in(folder)
    except OSError as error:
        raise ReportError(f"{folder}: cannot be read ({error.strerror})") from error
    if not paths:
        raise ReportError(f"{folder}: there are no photos in it")
    return [
        ExternalPhoto(
            path, _text(str(path.relative_to(folder))), "" if path.parent == folder else _text(path.parent.name)
        )
        for path in paths
    ]


def external_section(answers: ExternalAnswers | None, album: Album) -> Section | None:
    """Pictures with answers, and the files that cannot be read.

    Of many pictures only some are shown; the JSON has all.
    """
    if answers is None:
        return None
    old: Sequence[Recognition | None] = answers.champion or [None] * len(answers.photos)
    all_of_them = list(zip(answers.photos, answers.said, old, strict=True))
    broken = [(photo, said) for photo, said, _ in all_of_them if said.status == "unreadable"]
    readable = [one for one in all_of_them if one[1].status != "unreadable"]
    step = max(1, -(-len(readable) // SHOWN))
    makes = {name_key(make) for make in answers.makes}
    agreed = [one for one in (agrees(photo, answer_of(said), makes) for photo, said, _ in readable) if one is not None]
    html = render_html(
        "external",
        pictures=len(answers.photos),
        step=step,
        named=len(agreed),
        agreed=sum(agreed),
        photos=cards(_card(album, *one) for one in readable[::step]),
        broken=broken,
        most=NAMED,
    )
    figures = {"external": [_facts(*one) for one in all_of_them]}
    return Section("external", "Your own pictures", html, figures)


def agrees(photo: ExternalPhoto, said: Answer, makes: Collection[str]) -> bool | None:
    """Whether the answer fits the folder's name, as far as the name goes: "bmw", "bmw x5" …

    None if the name does not begin with one of `makes` (as taxonomy.name_key has them): then it is
    "holiday", not the name of a car.
    """
    label, answer = name_key(photo.label) if photo.label else "", name_key(said.name)
    if not any(label.startswith(make) for make in makes):
        return None
    return said.confidence is not None and (answer.startswith(label) or label.startswith(answer))


def _card(album: Album, photo: ExternalPhoto, said: Recognition, old: Recognition | None) -> Card | None:
    answer = answer_of(said)
    picture = album.picture(photo.path, said.box, f"{photo.name}, answered {answer.text}")
    if picture is None:
        return None
    lines = []
    if old is not None:
        before = answer_of(old)
        lines.append(f"champion: {before.text}{' (the same)' if before.name == answer.name else ''}")
    if photo.label:
        lines.append(f"folder: {photo.label}")
    return Card(picture, answer.text, None, lines=lines, soft=[Path(photo.name).name])


def _facts(photo: ExternalPhoto, said: Recognition, old: Recognition | None) -> dict[str, Any]:
    answer = answer_of(said)
    facts = {
        "file": photo.name, "folder": photo.label, "status": said.status, "answer": answer.name,
        "confidence": answer.confidence, "error": said.error,
    }  # fmt: skip
    return (
        facts
        if old is None
        else {**facts, "champion": answer_of(old).name, "champion_confidence": answer_of(old).confidence}
    )


def _text(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()
