"""Addresses of pictures: for everybody while the car is on sale or sold, else with a key.

A key is made when a page shows the picture to somebody who may see it. It holds for half a day to a
day, so that an address that was passed on, or kept from when the car was on sale, soon leads
nowhere. It stays the same for hours, so that browsers load the picture once.
"""

import time
from typing import Any

from django.db.models import FileField
from django.db.models.fields.files import FieldFile
from django.utils.crypto import constant_time_compare, salted_hmac

from marketplace.listings.access import PUBLIC

PERIOD_SECONDS = 12 * 3600
KEY = "key"
_SALT = "marketplace.photos.pictures"


def picture_key(name: str, *, periods_ago: int = 0) -> str:
    """The key of a stored file's name."""
    period = int(time.time() // PERIOD_SECONDS) - periods_ago
    return salted_hmac(_SALT, f"{name}:{period}", algorithm="sha256").hexdigest()[:32]


def key_holds(name: str, key: str) -> bool:
    """Whether this is the key of this period or of the one before."""
    return any(constant_time_compare(key, picture_key(name, periods_ago=ago)) for ago in (0, 1))


class PictureFile(FieldFile):
    """A photo's file, whose address has a key unless its listing is known to be public."""

    @property
    def url(self) -> str:
        address: str = super().url
        # Not asked of the database: a page of many photos would ask for each. Where the listing is
        # not at hand the key does no harm.
        listing: Any = self.instance._state.fields_cache.get("listing")
        if listing is not None and listing.status in PUBLIC:
            return address
        return f"{address}?{KEY}={picture_key(str(self.name))}"


class PictureField(FileField):
    """For migrations a plain FileField: only its addresses differ."""

    attr_class = PictureFile

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.FileField", list(args), kwargs
