"""Files as tables name them: written on another system, the same name may be other bytes."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

from classifier.formats import EXTENSIONS, kind_of


class NamedFiles:
    """The files that a table in one folder names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listings: dict[Path, dict[str, str]] = {}

    def find(self, name: str) -> Path:
        """The file meant by `name`; folder / name where there is none.

        A name may be composed in one way in the table and in another on the disk (macOS), be
        written with Windows' backslashes, or have been Windows-1252 when the files were packed.
        """
        as_it_stands = self._folder / name
        if is_file(as_it_stands):
            return as_it_stands
        spellings = [name]
        if "\\" in name:
            spellings.append(PureWindowsPath(name).as_posix())
        if not name.isascii():
            spellings += [found for one in spellings for found in (self._as_listed(one), _as_windows(one)) if found]
        return next((self._folder / one for one in spellings if is_file(self._folder / one)), as_it_stands)

    def _as_listed(self, name: str) -> str:
        """The name as the folders on the way spell it; "" where one has nothing like it."""
        place = Path()
        for part in Path(name).parts:
            spelled = part if part in ("/", "..") else self._listing(place).get(unicodedata.normalize("NFC", part))
            if spelled is None:
                return ""
            place /= spelled
        return str(place)

    def _listing(self, place: Path) -> dict[str, str]:
        """Composed name → the name on the disk."""
        if place not in self._listings:
            try:
                names = [one.name for one in (self._folder / place).iterdir()]
            except (OSError, ValueError):
                names = []
            self._listings[place] = {unicodedata.normalize("NFC", name): name for name in names}
        return self._listings[place]


class Bounds:
    """Which files a table may name, by where they really are: a stranger's table may name any.

    Those below its own folder or one of the roots. Where no roots were given, others too that are
    photos, by their name or their content: runs and tools name photos where they lie.
    """

    def __init__(self, folder: Path, roots: Sequence[Path] | None = None) -> None:
        """roots: None = those that the environment gives, see given_roots."""
        given = given_roots() if roots is None else roots
        self._strict = bool(given)
        self._roots = [one.resolve() for one in (folder, *given, *_own_roots())]
        self._places: dict[Path, Path] = {}

    def problem(self, path: Path) -> str:
        """Why this file, which is there, may not be named; "" if it may."""
        place = self._places.setdefault(path.parent, path.parent.resolve())
        real = path.resolve() if path.is_symlink() else place / path.name
        if any(real.is_relative_to(root) for root in self._roots):
            return ""
        if self._strict:
            return "lies outside the manifest's folder and the folders in PHOTO_ROOTS"
        return "" if _is_photo(real) else "lies outside the manifest's folder and is no photo"


def given_roots() -> list[Path]:
    """The folders of PHOTO_ROOTS, which are separated as those of PATH."""
    return [Path(one) for one in os.environ.get("PHOTO_ROOTS", "").split(os.pathsep) if one]


def _own_roots() -> list[Path]:
    """The photos' folder and the site's own, where they are set."""
    return [Path(os.environ[name]) for name in ("CAR_PHOTOS", "VAR_DIR") if os.environ.get(name)]


def _is_photo(path: Path) -> bool:
    if path.suffix.lower() in EXTENSIONS:
        return True
    try:
        with path.open("rb") as file:
            return kind_of(file.read(64)) is not None
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _as_windows(name: str) -> str:
    """The name as a path whose bytes are Windows-1252; "" where it has letters beyond that."""
    try:
        return os.fsdecode(name.encode("cp1252"))
    except UnicodeEncodeError:
        return ""
