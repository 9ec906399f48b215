"""Backup and restore: database, photos, artefacts and runs, with a checksum of every file.

Files are written before the rows that name them and deleted after them. So the files are copied
first, then the database, then the files that came meanwhile: every row of the copy has its files,
and files without a row are swept up by the site itself.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from classifier.durable import file_write
from classifier.training.progress import Progress
from marketplace.operations.backup.database import (
    database_dump,
    database_file,
    database_is_empty,
    database_load,
    migrations_applied,
    migrations_unknown,
)
from marketplace.operations.backup.places import Place, places
from marketplace.operations.errors import SiteError

SUMS, ABOUT = "SHA256SUMS", "backup.json"
FORMAT = 1


@dataclass(frozen=True)
class Copied:
    """What a backup holds, or what was brought back from it."""

    folder: Path
    files: Mapping[str, int]
    """How many, by place."""
    bytes: int


def backup_make(*, folder: Path, progress: Progress) -> Copied:
    """Write a backup into a new or empty folder. Raises SiteError or OSError.

    ABOUT is written last: without it a folder is no backup.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SiteError(f"{folder} is not empty. Name a new folder for each backup.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds addresses and messages
    sums: dict[str, str] = {}
    for place in places():
        _copy_new(place, folder, sums, progress)
    database_dump(folder / database_file())
    sums[database_file()] = _sha256(folder / database_file())
    for place in places():
        _copy_new(place, folder, sums, progress)
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    file_write(folder / SUMS, lines.encode())
    made = Copied(folder, _counts(sums), sum((folder / name).stat().st_size for name in sums))
    about = {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "migrations": migrations_applied(),
        "database": database_file(),
        "sums_sha256": hashlib.sha256(lines.encode()).hexdigest(),
    }
    file_write(folder / ABOUT, json.dumps(about, indent=1).encode() + b"\n")
    return made


def backup_check(*, folder: Path, progress: Progress) -> dict[str, str]:
    """The sha256 of each file of a complete and unchanged backup. Raises SiteError or OSError."""
    about = _about(folder)
    text = (folder / SUMS).read_bytes()
    if hashlib.sha256(text).hexdigest() != about["sums_sha256"]:
        raise SiteError(f"{folder / SUMS} was changed: the backup cannot be trusted.")
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in text.decode().splitlines())}
    for name in progress.track(sums, total=len(sums), what="checking"):
        path = folder / name
        if not path.is_file() or _sha256(path) != sums[name]:
            raise SiteError(f"{path} is missing, damaged or changed: nothing was restored.")
    return sums


def backup_restore(*, folder: Path, progress: Progress) -> Copied:
    """Bring a backup back into an empty site: no users, no files. Raises SiteError or OSError.

    The files come first, then the database, all or nothing: after an end on the way the database is
    still empty, and what is there is swept away before the same is tried again.
    """
    sums = backup_check(folder=folder, progress=progress)
    if unknown := migrations_unknown(_about(folder)["migrations"]):
        raise SiteError(f"{folder} was made by a newer program, which has {unknown[0]}. Update this one first.")
    if _about(folder)["database"] != database_file():
        raise SiteError(f"{folder} is of another kind of database: it holds {_about(folder)['database']}.")
    if not database_is_empty():
        raise SiteError("This site's database is not empty. Restore into a new VAR_DIR and a new database.")
    by_name = {place.name: place for place in places()}
    for place in by_name.values():
        other = next((name for name in place.files() if f"{place.name}/{name}" not in sums), None)
        if other is not None:
            raise SiteError(f"This site has files that the backup has not: {place.name}/{other}. Restore elsewhere.")
    for name in progress.track(sums, total=len(sums), what="restoring"):
        where, _, rest = name.partition("/")
        if rest:
            by_name[where].copy_from(folder / name, rest)
    database_load(folder / database_file())
    return Copied(folder, _counts(sums), sum((folder / name).stat().st_size for name in sums))


def _copy_new(place: Place, folder: Path, sums: dict[str, str], progress: Progress) -> None:
    names = [name for name in place.files() if f"{place.name}/{name}" not in sums]
    for name in progress.track(names, total=len(names), what=f"copying {place.name}"):
        try:
            sums[f"{place.name}/{name}"] = place.copy_to(name, folder / place.name / name)
        except FileNotFoundError:
            (folder / place.name / name).unlink(missing_ok=True)  # deleted since it was listed, after its row


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_bytes())
    except FileNotFoundError as error:
        raise SiteError(f"{folder} is no complete backup: it has no {ABOUT}.") from error
    except ValueError as error:
        raise SiteError(f"{folder / ABOUT} is damaged.") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise SiteError(f"{folder / ABOUT} is not of format {FORMAT}.")
    return about


def _counts(sums: Mapping[str, str]) -> dict[str, int]:
    return {place.name: sum(name.startswith(f"{place.name}/") for name in sums) for place in places()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
