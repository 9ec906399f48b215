"""Where artefacts lie: in this machine's folder and, where several machines share them, a store.

A trained version is put into the store when it is registered. A machine that lacks it fetches it by
its name, which vouches for its content, checks it and keeps it.
"""

import shutil
import tempfile
from pathlib import Path

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from classifier.artefact import (
    MEMORY_FILE,
    SEEN_PHOTOS_FILE,
    SPEC_FILE,
    WEIGHTS_FILE,
    Artefact,
    ArtefactError,
    artefact_check,
)

log = structlog.get_logger(__name__)

STORE = "artefacts"
"""Of settings.STORAGES, where artefacts are shared."""
# The description last: whoever finds it finds all of them.
FILES = (WEIGHTS_FILE, SEEN_PHOTOS_FILE, MEMORY_FILE, SPEC_FILE)
NEEDED = (WEIGHTS_FILE, SPEC_FILE)


def artefact_folder(version: str) -> Path:
    """The artefact's folder on this machine: trained or fetched, or the starter that ships.

    Fetched first if only the store has it. The folder does not exist if nobody has it. Raises
    ArtefactError if the store cannot be asked, or what it has is damaged.
    """
    kept = Path(settings.ARTEFACTS_DIR) / version
    shipped = Path(settings.STARTER_WEIGHTS_DIR) / "classifier" / version
    if kept.exists() or shipped.exists() or not is_shared():
        return kept if kept.exists() else shipped
    try:
        _fetch(version, kept)
    except FileNotFoundError:
        return shipped
    except OSError as error:
        raise ArtefactError(f"{version} cannot be fetched: {error}") from error
    return kept


def artefact_publish(artefact: Artefact) -> None:
    """Put an artefact into the store, if there is one and lacks it. Raises ArtefactError."""
    if not is_shared():
        return
    store = storages[STORE]
    try:
        for name in FILES:
            file, stored = artefact.folder / name, f"{artefact.version}/{name}"
            if file.exists() and not store.exists(stored):
                store.save(stored, ContentFile(file.read_bytes()))
    except OSError as error:
        raise ArtefactError(f"{artefact.version} cannot be put into the store: {error}") from error


def is_shared() -> bool:
    """Whether several machines share artefacts through a store."""
    return STORE in storages.backends


def _fetch(version: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=folder.parent) as beside:
        made = Path(beside) / version  # its name is part of what is checked
        made.mkdir()
        for name in FILES:
            try:
                content = storages[STORE].open(f"{version}/{name}")
            except FileNotFoundError:
                if name in NEEDED:
                    raise
                continue
            with content, (made / name).open("wb") as file:
                shutil.copyfileobj(content, file)
        artefact_check(made)
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was quicker
                raise
    log.info("artefact_fetched", version=version)
