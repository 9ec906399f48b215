"""Files in an S3-compatible store, for sites whose web and workers are on several machines.

Its errors are OSErrors here, as a disk's are: whoever stores or reads files need not know where
they lie.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from marketplace.storage import StoreAway

MISSING = ("404", "NoSuchKey", "NotFound")
# A store that is away must not hold up every thread of the web process for a minute.
SECONDS_TO_CONNECT, SECONDS_TO_READ, TRIES = 3, 20, 3


class Store(S3Storage):
    """One folder of a bucket; ``store_url.s3_options`` has its options."""

    def get_default_settings(self) -> dict[str, Any]:
        return {
            **super().get_default_settings(),
            "default_acl": None,
            # Names are random, or say what the content is: none ever gets another content.
            "file_overwrite": True,
            "client_config": Config(
                s3={"addressing_style": "path"},  # which every compatible store knows
                request_checksum_calculation="when_required",  # and newer checksums not every one
                connect_timeout=SECONDS_TO_CONNECT,
                read_timeout=SECONDS_TO_READ,
                retries={"total_max_attempts": TRIES, "mode": "standard"},
            ),
        }

    def url(self, name: str, *_: Any, **__: Any) -> str:
        """Pages show pictures under the site's own address, which asks the store for them."""
        return f"{settings.MEDIA_URL}{name}"

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        """The whole file, read now: what goes wrong does so here, and not at some later read."""
        if mode != "rb":
            raise ValueError(mode)
        with _as_os_errors(name):
            body = self.bucket.Object(self._normalize_name(name)).get()["Body"]
            return File(io.BytesIO(body.read()), name=name)

    def _save(self, name: str, content: "File[Any]") -> str:
        with _as_os_errors(name):
            return str(super()._save(name, content))

    def delete(self, name: str) -> None:
        with _as_os_errors(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _as_os_errors(name):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _as_os_errors(name):
            return int(super().size(name))

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with _as_os_errors(name):
            folders, files = super().listdir(name)
            return folders, files

    def get_modified_time(self, name: str) -> datetime:
        with _as_os_errors(name):
            at: datetime = super().get_modified_time(name)
            return at


@contextmanager
def _as_os_errors(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code", "")) in MISSING:
            raise FileNotFoundError(f"{name} is not in the store") from error
        raise StoreAway(f"the store refuses {name}: {error}") from error
    except (Boto3Error, BotoCoreError) as error:
        raise StoreAway(f"the store is away: {error}") from error
