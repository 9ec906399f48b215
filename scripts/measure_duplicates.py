"""How quickly another seller's copy of a photo is found among many, and how surely.

Fills a database of its own (SQLite in a temporary folder) with the hashes of the folder's photos
and, up to ROWS, with ones made from these by flipping bits; then looks up scaled and newly encoded
copies of photos, and photos that are not there. Prints milliseconds, how many copies were found,
and how many strangers were taken for copies.

    python scripts/measure_duplicates.py FOLDER [--rows 100000] [--photos 300]
"""

import argparse
import io
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="fc-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")
import django

django.setup()

from django.core.management import call_command
from django.utils import timezone

from classifier.folder import photos_in
from classifier.formats import kind_of
from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.photos.decoder import RefusedError, decode
from marketplace.photos.duplicates import bands_of, twins_elsewhere
from marketplace.photos.models import Photo, PhotoBand

FLIPPED = 14  # bits of 64: more than two pictures that are alike differ in
BATCH = 2_000


def copy_of(data: bytes) -> bytes:
    """As a messenger sends it on: three quarters of the size, JPEG of quality 60."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    out = io.BytesIO()
    picture.resize((picture.width * 3 // 4, picture.height * 3 // 4)).save(out, "JPEG", quality=60)
    return out.getvalue()


def hashed(listing: Listing, data: bytes) -> Photo | None:
    """A row with a photo's hashes, not stored; None if it cannot be read."""
    try:
        facts, _, _ = decode(data, kind=str(kind_of(data)), max_pixels=100_000_000)
    except RefusedError:
        return None
    facts.pop("brightness")
    facts.pop("blur")
    return Photo(listing=listing, upload_sha256=uuid4().hex * 2, **facts)


def store(photos: list[Photo]) -> None:
    """Rows and their places in the index."""
    Photo.objects.bulk_create(photos, batch_size=BATCH)
    PhotoBand.objects.bulk_create((row for photo in photos for row in bands_of(photo)), batch_size=BATCH)


def flipped(text: str, count: int, chance: random.Random) -> str:
    """A hash with some of its bits turned over, with as many digits."""
    value = int(text, 16)
    for bit in chance.sample(range(4 * len(text)), count):
        value ^= 1 << bit
    return f"{value:0{len(text)}x}"


def fill(listing: Listing, real: list[Photo], rows: int, chance: random.Random) -> None:
    """Rows whose hashes are as unevenly spread as those of real photos."""
    while (left := rows - Photo.objects.count()) > 0:
        made = []
        for _ in range(min(left, BATCH)):
            like = chance.choice(real)
            made.append(
                Photo(
                    listing=listing, width=1, height=1, upload_sha256=uuid4().hex * 2,
                    phash=flipped(like.phash, FLIPPED, chance),
                    phash_fine=flipped(like.phash_fine, 4 * FLIPPED, chance),
                )
            )  # fmt: skip
        store(made)


def look_up(listing: Listing, photo: Photo) -> tuple[float, set[str]]:
    """Milliseconds, and the uploads that it was taken for."""
    Photo.objects.filter(listing=listing).delete()
    store([photo])
    started = time.perf_counter()
    found = {twin.other.upload_sha256 for twin in twins_elsewhere(listing=listing)}
    return 1000 * (time.perf_counter() - started), found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=300)
    asked = parser.parse_args()
    call_command("migrate", verbosity=0)
    chance = random.Random(1)  # noqa: S311  # the same sample every time
    thief, owner = (User.objects.create(email=f"{name}@example.org") for name in ("thief", "owner"))
    mine = Listing.objects.create(seller=thief)
    theirs = Listing.objects.create(seller=owner, status="live", published_at=timezone.now())
    paths = sorted(photos_in(asked.folder))
    chance.shuffle(paths)
    files = [path.read_bytes() for path in paths[: 2 * asked.photos]]
    there = [photo for data in files[: asked.photos] if (photo := hashed(theirs, data)) and photo.phash_fine]
    store(there)
    fill(theirs, there, asked.rows, chance)
    known = {photo.phash: data for data in files[: asked.photos] if (photo := hashed(theirs, data))}
    times, found, copies, strangers, taken = [], 0, 0, 0, 0
    for photo in there:
        copy = hashed(mine, copy_of(known[photo.phash]))
        if copy is None:
            continue
        took, twins = look_up(mine, copy)
        times.append(took)
        copies += 1
        found += photo.upload_sha256 in twins
    for data in files[asked.photos :]:
        if (stranger := hashed(mine, data)) is not None:
            took, twins = look_up(mine, stranger)
            times.append(took)
            strangers += 1
            taken += bool(twins)
    times.sort()
    print(f"{Photo.objects.count()} photos, {PhotoBand.objects.count()} places in the index")
    print(f"look-up: median {statistics.median(times):.1f} ms, p95 {times[int(len(times) * 0.95)]:.1f} ms")
    print(f"copies found: {found} of {copies}; others taken for a copy: {taken} of {strangers}")


if __name__ == "__main__":
    main()
