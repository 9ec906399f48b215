"""Photos on their way through the cleaning, and the step that leaves some of them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from classifier.training.data.cleaning.photo_facts import PhotoFacts
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.stages import LeftOut, Stage, counted


@dataclass(frozen=True)
class KnownPhoto:
    """A labelled photo and what was found out about it."""

    row: ManifestRow
    facts: PhotoFacts


def leave_out(
    name: str, photos: Sequence[KnownPhoto], why_not: Callable[[KnownPhoto], str], words: str
) -> tuple[list[KnownPhoto], Stage]:  # fmt: skip
    """The photos that stay, and the stage.

    why_not: the reason to leave a photo out, "" if there is none. words: what is true of those left
    out.
    """
    reasons = [why_not(photo) for photo in photos]
    kept = [photo for photo, reason in zip(photos, reasons, strict=True) if not reason]
    left_out = tuple(LeftOut(str(p.row.path), reason) for p, reason in zip(photos, reasons, strict=True) if reason)
    told = f"{counted(len(left_out), 'photo')} left out: {words}" if left_out else "nothing left out"
    return kept, Stage(name, len(photos), len(kept), told, left_out)
