"""The same picture is found again; pictures of other cars are not taken for it."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from classifier.preprocess import decode
from classifier.training.data.cleaning.near_duplicates import LIMIT_64, LIMIT_256, PictureHash, picture_hash, twins
from tests.classifier.training.pictures import picture

PHOTOS = os.environ.get("CAR_PHOTOS", "")


def watermarked(image):
    changed = image.copy()
    ImageDraw.Draw(changed).text((changed.width // 2, changed.height - 30), "cars.example", fill="white")
    return changed


def trimmed(image):
    return image.crop((2, 2, image.width - 2, image.height - 2))


@pytest.mark.parametrize(
    "change", [watermarked, trimmed, lambda image: image.reduce(2), lambda image: image.convert("L")]
)
def test_a_changed_picture_is_the_same_picture(change):
    known = [picture_hash(picture(seed)) for seed in range(5)]
    assert twins([picture_hash(change(picture(3)))], known) == [3]


def test_pictures_of_other_things_are_not_the_same():
    assert (
        twins([picture_hash(picture(seed)) for seed in range(200, 260)], [picture_hash(picture(s)) for s in range(150)])
        == [None] * 60
    )


def test_a_plain_picture_is_like_no_other():
    plain = picture_hash(Image.new("RGB", (64, 48), "red"))
    assert plain is None
    assert twins([plain], [plain]) == [None]
    assert twins([], [plain]) == []


def test_the_index_finds_what_comparing_all_pairs_finds():
    rng = np.random.default_rng(0)

    def near(one, bits_64, bits_256):
        flip = sum(1 << int(bit) for bit in rng.choice(64, bits_64, replace=False))
        fine = int(one.fine, 16) ^ sum(1 << int(bit) for bit in rng.choice(256, bits_256, replace=False))
        return PictureHash(one.coarse ^ flip, f"{fine:064x}")

    known = [PictureHash(int(rng.integers(2**63)), rng.bytes(32).hex()) for _ in range(500)]
    at = [int(one) for one in rng.integers(500, size=300)]
    asked = [near(known[place], int(rng.integers(14)), int(rng.integers(50))) for place in at]
    for one, place, found in zip(asked, at, twins(asked, known), strict=True):
        bits_64 = (one.coarse ^ known[place].coarse).bit_count()
        bits_256 = (int(one.fine, 16) ^ int(known[place].fine, 16)).bit_count()
        assert found == (place if bits_64 <= LIMIT_64 and bits_256 <= LIMIT_256 else None), (bits_64, bits_256)


@pytest.mark.skipif(not PHOTOS, reason="CAR_PHOTOS is not set")
def test_real_photos_of_one_kind_of_car_are_told_apart():
    """Studio shots look alike; five pairs of these are one press picture, and no other pair."""
    paths = sorted((Path(PHOTOS) / "large_photos" / "images").glob("*.jpg"))[:120]
    paths += sorted((Path(PHOTOS) / "stanford_cars" / "images").glob("*.jpg"))[:120]
    looks = [picture_hash(decode(path, min_side=256).image) for path in paths]
    pairs = [(at, found) for at in range(1, len(looks)) if (found := twins([looks[at]], looks[:at])[0]) is not None]
    assert all(paths[a].parent == paths[b].parent for a, b in pairs)
    assert len(pairs) <= 8
