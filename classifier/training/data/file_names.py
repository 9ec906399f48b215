"""Files as tables name them: written on another system, the same name may be other bytes."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path, PureWindowsPath


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
