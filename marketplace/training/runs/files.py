"""A run's files for people: in the folder of the machine that trained, and in a store if any.

The web process may be on another machine than the training.
"""

from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

NAMES = (
    "report.html", "report.json", "report.merges.json", "gates.json", "manifest.csv", "decisions.csv", "reviews.json",
    "left-out.csv", "suspects.csv",
)  # fmt: skip
"""What of a run's folder people look at; the admin has an address for each."""
STORE = "runs"
"""Of settings.STORAGES, where the files of runs are shared."""


def run_files_publish(*, run_id: int, folder: Path) -> None:
    """Put the files of a run's folder into the store, if there is one.

    Raises OSError.
    """
    if STORE not in storages.backends:
        return
    for name in NAMES:
        if (folder / name).is_file():
            storages[STORE].save(f"{run_id}/{name}", ContentFile((folder / name).read_bytes()))


def run_files_found(*, run_id: int) -> set[str]:
    """The names of the files that a run left. Raises OSError if the store cannot be asked."""
    folder = Path(settings.RUNS_DIR) / str(run_id)
    if folder.is_dir():
        return {path.name for path in folder.iterdir() if path.is_file()}
    return set(storages[STORE].listdir(str(run_id))[1]) if STORE in storages.backends else set()


def run_file_open(*, run_id: int, name: str) -> IO[bytes] | None:
    """One file of a run; None if there is none."""
    here = Path(settings.RUNS_DIR) / str(run_id) / name
    if here.is_file():
        return here.open("rb")
    if STORE not in storages.backends:
        return None
    try:
        return storages[STORE].open(f"{run_id}/{name}")
    except FileNotFoundError:
        return None
