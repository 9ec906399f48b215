"""What became of the photos on the way to a training: one record per step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LeftOut:
    """One photo that a step left out; the file itself stays where it is."""

    file: str
    """Its path."""
    reason: str


@dataclass(frozen=True)
class Stage:
    """One step."""

    name: str
    before: int
    """Photos that came in."""
    after: int
    """Photos that go on."""
    words: str
    """What was done, in one line for people."""
    left_out: tuple[LeftOut, ...] = ()
    details: tuple[str, ...] = ()
    """Further lines: which classes, which entries."""

    def as_dict(self) -> dict[str, Any]:
        """Counts and words, fit for JSON; the photos left out as their number."""
        return {
            "name": self.name,
            "before": self.before,
            "after": self.after,
            "left_out": len(self.left_out),
            "words": self.words,
            "details": list(self.details),
        }


def counted(number: int, noun: str) -> str:
    """ "1 photo", "2,100 photos", "3 classes"."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"
