"""Settings of the tests: the real ones, in a folder of their own that goes when the tests end.

Two runs side by side share nothing, and no run can touch a site's data. What a test starts as
another process inherits the folder through the environment.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = os.environ.get("FORECOURT_TESTS_IN")
if _folder is None:
    # Short and outside the project: a Unix socket's path has room for about 100 letters.
    _folder = tempfile.mkdtemp(prefix="fc-")
    os.environ["FORECOURT_TESTS_IN"] = _folder
    _owner = os.getpid()

    @atexit.register
    def _clear() -> None:
        if os.getpid() == _owner:  # and not a fork of it
            shutil.rmtree(_folder, ignore_errors=True)


os.environ["VAR_DIR"] = str(Path(_folder) / "var")
os.environ["DEBUG"] = "1"

from marketplace.settings import *  # noqa: E402, F403

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
MODERATION_SECOND_PERCENT = MODERATION_GOLD_PERCENT = 0  # drawn by chance: tests of them say 100
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, and there is nothing to protect
