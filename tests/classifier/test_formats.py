"""The one table of photo formats."""

import pillow_heif
import pytest
from PIL import Image

from classifier.formats import ACCEPT, BY_KIND, EXTENSIONS, FORMATS, NAMES, extension_of, kind_of
from tests.pictures import encode


@pytest.mark.parametrize("kind", [*BY_KIND, "MPO"])
def test_it_knows_each_format_by_its_first_bytes(kind):
    pillow_heif.register_heif_opener()
    assert kind_of(encode(Image.new("RGB", (64, 64)), kind)) == ("JPEG" if kind == "MPO" else kind)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"GIF89a", b"II*\0", b"\0\0\0\x1cftypavif\0\0\0\0mif1avif"])
def test_other_files_are_of_no_kind(data):
    assert kind_of(data) is None


def test_no_two_formats_share_an_extension():
    assert len(EXTENSIONS) == sum(len(one.extensions) for one in FORMATS)
    assert all(extension_of(f"a{extension}".upper()) == extension for extension in EXTENSIONS)


def test_file_pickers_offer_every_format_by_type_and_by_extension():
    offered = ACCEPT.split(",")
    assert offered[-1] == "image/*"
    assert {*EXTENSIONS, *(mime for one in FORMATS for mime in one.mime_types)} == set(offered[:-1])


def test_people_read_all_formats_in_one_phrase():
    assert NAMES == "JPEG, PNG, WebP or HEIC"
