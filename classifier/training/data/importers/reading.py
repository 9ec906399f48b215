"""What an importer has read, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from classifier.preprocess import Box
from classifier.training.data.manifest import ManifestRow


@dataclass(frozen=True)
class Unread:
    """One file (or folder, or row of a table) that was not taken."""

    file: str
    reason: str


@dataclass
class Reading:
    """What one format's reader found, as the source spells it."""

    rows: list[ManifestRow] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Per row the label's text in the source."""
    unread: list[Unread] = field(default_factory=list)
    boxes: dict[Path, Box] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What was guessed or passed over, a line each."""

    def take(self, row: ManifestRow, *, said: str) -> None:
        """A row, and the text its label was made of."""
        self.rows.append(row)
        self.said.append(said)

    def leave(self, file: Path | str, reason: str) -> None:
        """Something that gives no row."""
        self.unread.append(Unread(str(file), reason))


@dataclass(frozen=True)
class LabelChange:
    """A label that the manifest spells in another way than the source."""

    said: str
    """In the source."""
    make: str
    model: str
    year: str
    photos: int
    file: str
    """The first of them."""
    respelled: bool
    """Only case, accents, spaces and punctuation are others."""

    @property
    def label(self) -> str:
        """As the manifest has it."""
        return label_text(self.make, self.model, self.year)


@dataclass
class Imported:
    """What an import found."""

    rows: list[ManifestRow] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    boxes: dict[Path, Box] = field(default_factory=dict)
    """The car's box (x1, y1, x2, y2) in pixels, where the source names one."""
    changes: list[LabelChange] = field(default_factory=list)
    """The commonest first."""
    two_labels: list[list[ManifestRow]] = field(default_factory=list)
    """Rows of the very same bytes whose labels contradict each other. They are among `rows`: a
    training leaves them out, and people can put the manifest right."""
    notes: list[str] = field(default_factory=list)
    """How the source was understood, a line each."""


def row_of(root: Path, photo: Path, label: tuple[str, str, str], *, vehicle: str = "", **more: str) -> ManifestRow:
    """A row of the data set in `root`. label: make, model, year. vehicle: "" = the photo's own."""
    # A table may name photos anywhere on this machine.
    source, file = root.resolve().name, str(photo.relative_to(root) if photo.is_relative_to(root) else photo)
    make, model, year = label
    vehicle = f"{source}/{vehicle or file}"
    return ManifestRow(
        path=photo, file=file, make=make, model=model, year=year, vehicle=vehicle, source=source, **more
    )  # fmt: skip


def label_text(make: str, model: str, year: str) -> str:
    """As people write it."""
    return " ".join(filter(None, (make, model, year)))
