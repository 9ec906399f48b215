"""Uploads and the classifier see the same picture, in every format and every mode."""

import io

import numpy as np
import pytest
from PIL import Image

from classifier.formats import BY_KIND, EXTENSIONS
from classifier.preprocess import UnreadablePhotoError
from classifier.preprocess import decode as classifier_decode
from marketplace.photos.decoder import RefusedError
from marketplace.photos.decoder import decode as upload_decode
from marketplace.photos.ingest import ingest
from tests.classifier.decoding.files import chunk, difference, encode, jpeg, mpo, picture, png, png_of, webp

PLAIN = picture()
GREY = PLAIN.convert("L")
JPEG_NOISE = 6
"""Mean grey levels that the formats' and the master's compression may cost."""


def uploaded(data, kind):
    _, master, _ = upload_decode(data, kind=kind, max_pixels=64_000_000)
    return Image.open(io.BytesIO(master))


def in_mode(mode):
    if mode.startswith("I"):
        return Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)
    if mode in ("P", "PA"):  # without the dots of convert(), which JPEG would blur
        return PLAIN.quantize(60, dither=Image.Dither.NONE).convert(mode)
    return PLAIN.convert("LA").convert(mode) if mode == "La" else PLAIN.convert(mode)


def half_clear(mode):
    image = PLAIN.convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(PLAIN.size))
    return image


def on_white(image):
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA"))


def wide(*channels, colour):
    values = [np.asarray(channel).astype(np.uint16) * 257 for channel in channels]
    return png_of(np.stack(values, axis=-1) if len(values) > 1 else values[0], 16, colour)


# What each format can be written in: the plain picture in these modes, and what it should look
# like.
WRITTEN = {
    "JPEG": ("1", "L", "RGB", "RGBX", "CMYK", "YCbCr"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV"),
    "HEIF": ("1", "L", "LA", "La", "P", "RGB", "RGBA", "RGBa", "YCbCr", "I;16"),
}
FILES = [
    *(
        pytest.param(kind, encode(in_mode(mode), kind, quality=95), in_mode(mode), id=f"{kind} of {mode}")
        for kind, modes in WRITTEN.items()
        for mode in modes
    ),
    *(
        pytest.param(kind, encode(half_clear(mode), kind), on_white(half_clear(mode)), id=f"{kind}, half clear {mode}")
        for kind, modes in {"PNG": ("LA", "RGBA"), "WEBP": ("RGBA",), "HEIF": ("RGBA",)}.items()
        for mode in modes
    ),
    pytest.param("PNG", wide(GREY, colour=0), GREY, id="PNG, grey of 16 bits"),
    pytest.param("PNG", wide(GREY, Image.new("L", GREY.size, 255), colour=4), GREY, id="PNG, grey and alpha of 16"),
    pytest.param("PNG", wide(*PLAIN.split(), colour=2), PLAIN, id="PNG, colours of 16 bits"),
    pytest.param("PNG", wide(*half_clear("RGB").split(), colour=6), on_white(half_clear("RGB")), id="PNG, all of 16"),
    pytest.param(
        "PNG", encode(PLAIN.quantize(60), "PNG", transparency=bytes([255] * 60)), PLAIN.quantize(60), id="PNG, P opaque"
    ),
    pytest.param(
        "PNG", encode(PLAIN.quantize(60), "PNG", transparency=bytes(60)), Image.new("RGB", PLAIN.size, "white"),
        id="PNG, P clear",
    ),
    pytest.param(
        "PNG", png(chunk(b"tRNS", b"\0\x09\0\x08\0\x07"), image=Image.new("RGB", PLAIN.size, (9, 8, 7))),
        Image.new("RGB", PLAIN.size, "white"), id="PNG, RGB with a key",
    ),
    pytest.param("JPEG", mpo(), PLAIN, id="MPO"),
    pytest.param("PNG", encode(PLAIN, "PNG", save_all=True, append_images=[picture(2)]), PLAIN, id="APNG"),
    pytest.param("WEBP", encode(PLAIN, "WEBP", save_all=True, append_images=[picture(2)]), PLAIN, id="animated WebP"),
    pytest.param("HEIF", encode(PLAIN, "HEIF", save_all=True, append_images=[picture(2)]), PLAIN, id="HEIC of two"),
]  # fmt: skip


def plain(image):
    """What a person sees of an image that carries no surprises."""
    if image.mode.startswith("I"):
        return GREY
    return image.convert("LA").convert("L") if image.mode == "La" else image


@pytest.mark.parametrize(("kind", "data", "expected"), FILES)
def test_uploads_and_the_classifier_see_the_same(kind, data, expected):
    upload, classified = uploaded(data, kind), classifier_decode(data).image
    expected = expected.convert("LA").convert("RGB") if expected.mode == "La" else plain(expected)
    assert difference(upload, classified) < JPEG_NOISE
    assert difference(classified, expected) < JPEG_NOISE
    assert difference(upload, expected) < 2 * JPEG_NOISE


def test_every_kind_and_mode_that_can_be_written_is_tried():
    for kind in BY_KIND:
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"):
            try:
                encode(in_mode(mode), kind)
            except OSError:
                assert mode not in WRITTEN[kind]
                continue
            assert mode in WRITTEN[kind] or (kind, mode) in {("WEBP", "I;16"), ("HEIF", "CMYK")}


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_every_extension_of_the_table_may_be_uploaded(extension):
    data = encode(picture(), EXTENSIONS[extension])
    photo = ingest(data, filename=f"IMG{extension.upper()}")
    assert difference(Image.open(io.BytesIO(photo.master)), classifier_decode(data).image) < JPEG_NOISE


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", BY_KIND)
def test_both_turn_a_photo_upright_once(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(PLAIN, kind, exif=exif.tobytes(), quality=95)
    upload, classified = uploaded(data, kind), classifier_decode(data)
    assert difference(upload, classified.image) < JPEG_NOISE
    assert upload.size == classified.full_size == (PLAIN.size[::-1] if orientation > 4 else PLAIN.size)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("JPEG", jpeg()[:-200]),
        ("PNG", png()[:300]),
        ("WEBP", webp()[:900]),
        ("HEIF", encode(picture(), "HEIF")[:-200]),
        ("JPEG", b"\xff\xd8\xff"),
    ],
)
def test_both_refuse_half_a_file(kind, data):
    with pytest.raises(RefusedError):
        uploaded(data, kind)
    with pytest.raises(UnreadablePhotoError):
        classifier_decode(data)
