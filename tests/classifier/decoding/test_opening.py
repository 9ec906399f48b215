"""Opening a photo: bytes in, a loaded picture out."""

import io
import math

import pytest
from PIL import Image

from classifier.decoding.opening import PictureError, picture_open
from classifier.formats import BY_KIND
from tests.classifier.decoding.files import difference, encode, picture


@pytest.mark.parametrize("kind", BY_KIND)
def test_it_reads_each_kind_at_full_size(kind):
    data = encode(picture(), kind)
    image, size = picture_open(data, kind=kind, max_pixels=10_000, draft_side=10)
    assert size == picture().size
    if kind != "JPEG":
        assert difference(image, Image.open(io.BytesIO(data))) < 1


def test_a_large_jpeg_is_opened_at_a_reduced_scale():
    image, size = picture_open(encode(picture(), "JPEG"), kind="JPEG", max_pixels=10_000, draft_side=24)
    assert (image.size, size) == ((24, 16), (96, 64))


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_pixel_too_many_is_refused_with_the_size(kind):
    size = picture().size
    with pytest.raises(PictureError, match="96 × 64") as refused:
        picture_open(encode(picture(), kind), kind=kind, max_pixels=math.prod(size) - 1)
    assert (refused.value.reason, refused.value.size) == ("too_many_pixels", size)


@pytest.mark.parametrize("kind", BY_KIND)
@pytest.mark.parametrize("other", BY_KIND)
def test_another_kind_than_expected_is_refused(kind, other):
    if kind != other:
        with pytest.raises(PictureError):
            picture_open(encode(picture(), other), kind=kind, max_pixels=10_000)


def test_it_says_whether_a_file_is_cut_off_or_broken():
    data = encode(picture(), "JPEG")
    for cut, reason in ((data[:-300], "truncated"), (data[:20] + bytes(300), "broken")):
        with pytest.raises(PictureError) as refused:
            picture_open(cut, kind="JPEG", max_pixels=10_000)
        assert refused.value.reason == reason
