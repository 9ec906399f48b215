"""An operator's own folder of pictures in a report: what the model, and the champion beside it, say of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from classifier.folder import photos_in
from classifier.names import name_key
from classifier.recognition import Recognition
from classifier.training.errors import ReportError
from classifier.training.report.page import Section
from classifier.training.report.photos import Album, Answer, answer_of, card, cards

SHOWN = 48
NAMED = 50
"""Unreadable files that are named."""


@dataclass(frozen=True)
class ExternalPhoto:
    """One picture of the folder."""

    path: Path
    name: str
    """Below the folder; what is no text is escaped."""
    label: str
    """The name of the folder it lies in, where that is one below the folder given: "bmw x5", or anything else."""


@dataclass(frozen=True)
class ExternalAnswers:
    """The folder's pictures with what was said of them."""

    photos: Sequence[ExternalPhoto]
    said: Sequence[Recognition]
    """In the order of photos; log_probs may be missing."""
    champion: Sequence[Recognition] | None = None
    makes: Collection[str] = ()
    """That the model knows: which folders are named after a car."""


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
    """Pictures with answers; files that cannot be read are listed. Of many some are shown, the JSON has all."""
    if answers is None:
        return None
    old: Sequence[Recognition | None] = answers.champion or [None] * len(answers.photos)
    all_of_them = list(zip(answers.photos, answers.said, old, strict=True))
    broken = [(photo, said) for photo, said, _ in all_of_them if said.status == "unreadable"]
    readable = [one for one in all_of_them if one[1].status != "unreadable"]
    step = max(1, -(-len(readable) // SHOWN))
    chosen = readable[::step]
    told = [f"{len(answers.photos)} pictures of a folder of your own; nobody checked what they show."]
    if len(chosen) < len(readable):
        told.append(f"Every {step}th is shown; the JSON beside this report has them all.")
    makes = {name_key(make) for make in answers.makes}
    agreed = [one for one in (agrees(photo, answer_of(said), makes) for photo, said, _ in readable) if one is not None]
    if agreed:
        told.append(f"Of {len(agreed)} in folders with the name of a car, {sum(agreed)} are answered with that name.")
    html = f"<p>{escape(' '.join(told))}</p>" + cards(_card(album, *one) for one in chosen)
    if broken:
        listed = "".join(
            f"<li>{escape(photo.name)} <span class=soft>({escape(said.error)})</span></li>"
            for photo, said in broken[:NAMED]
        )
        more = f"<p>… and {len(broken) - NAMED} more.</p>" if len(broken) > NAMED else ""
        html += f"<h3>{len(broken)} files cannot be read</h3><ul>{listed}</ul>{more}"
    figures = {"external": [_facts(*one) for one in all_of_them]}
    return Section("external", "Your own pictures", html, figures)


def agrees(photo: ExternalPhoto, said: Answer, makes: Collection[str]) -> bool | None:
    """Whether the answer fits the folder's name as far as that goes: "bmw", "bmw x5", "bmw x5 2012".

    None if the name does not begin with one of `makes` (as taxonomy.name_key has them): it is "holiday", not a car's.
    """
    label, answer = name_key(photo.label) if photo.label else "", name_key(said.name)
    if not any(label.startswith(make) for make in makes):
        return None
    return said.confidence is not None and (answer.startswith(label) or label.startswith(answer))


def _card(album: Album, photo: ExternalPhoto, said: Recognition, old: Recognition | None) -> str | None:
    answer = answer_of(said)
    lines = f"<b>{escape(answer.text)}</b>"
    if old is not None:
        before = answer_of(old)
        same = " (the same)" if before.name == answer.name else ""
        lines += f"<br>champion: {escape(before.text)}{same}"
    if photo.label:
        lines += f"<br>folder: {escape(photo.label)}"
    lines += f'<br><span class="soft">{escape(Path(photo.name).name)}</span>'
    words = f"{photo.name}, answered {answer.text}"
    return card(album, path=photo.path, box=said.box, words=words, lines=lines)


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
