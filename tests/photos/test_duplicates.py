"""The same picture twice, in one listing or in another seller's."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from PIL import Image, ImageDraw, ImageEnhance

from marketplace.listings.services import listing_create
from marketplace.photos.duplicates import band_keys, twins_elsewhere, twins_within
from marketplace.photos.models import Photo
from marketplace.photos.services import photo_add, photo_rotate
from tests.factories import ListingFactory
from tests.pictures import blobs, encode, jpeg

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true"}


def halved(picture):
    return encode(picture.resize((picture.width // 2, picture.height // 2)), "JPEG", quality=40)


def watermarked(picture):
    picture = ImageEnhance.Brightness(picture).enhance(1.1)
    ImageDraw.Draw(picture).text((20, 20), "auto.example", fill="white")
    return encode(picture, "JPEG", quality=70)


@pytest.fixture
def theirs(charlie):
    """Another seller's car, on sale."""
    return ListingFactory(seller=charlie, live=True)


def put(listing, data, name="a.jpg"):
    status = listing.status
    type(listing).objects.filter(pk=listing.pk).update(status="draft")
    photo = photo_add(listing=listing, data=data, filename=name)
    type(listing).objects.filter(pk=listing.pk).update(status=status)
    return photo


@pytest.mark.parametrize("altered", [halved, watermarked])
def test_it_finds_another_sellers_picture_in_another_file(listing, theirs, altered):
    other = put(theirs, encode(blobs(1)))
    put(theirs, encode(blobs(2)))
    mine = put(listing, altered(blobs(1)))
    (twin,) = twins_elsewhere(listing=listing)
    assert (twin.photo, twin.other, twin.exact) == (mine, other, False)


@pytest.mark.parametrize("comment", [b"", b"sent by a messenger"], ids=["same file", "same pixels"])
def test_it_finds_another_sellers_file(listing, theirs, comment):
    other = put(theirs, encode(blobs(1)))
    mine = put(listing, encode(blobs(1), comment=comment) if comment else encode(blobs(1)))
    (twin,) = twins_elsewhere(listing=listing)
    assert (twin.photo, twin.other, twin.exact) == (mine, other, True)


def test_plain_pictures_are_alike_to_none(listing, theirs):
    put(theirs, jpeg("gray"))
    put(listing, jpeg("gray", size=(330, 240)))
    assert twins_elsewhere(listing=listing) == []


@pytest.mark.parametrize("status", ["draft", "deleted"])
def test_what_is_private_or_deleted_is_not_compared(listing, theirs, status):
    put(theirs, encode(blobs(1)))
    put(listing, encode(blobs(1)))
    deleted = theirs.published_at if status == "deleted" else None
    type(theirs).objects.filter(pk=theirs.pk).update(status=status, deleted_at=deleted)
    assert twins_elsewhere(listing=listing) == []


def test_ones_own_other_car_may_have_the_same_picture(listing, alice):
    put(listing_create(seller=alice), encode(blobs(1)))
    put(listing, encode(blobs(1)))
    assert twins_elsewhere(listing=listing) == []


def test_a_turned_photo_is_found_as_it_is_now(listing, theirs):
    mine = put(listing, encode(blobs(1)))
    photo_rotate(photo=mine, quarters=1)
    other = put(theirs, encode(blobs(1).rotate(-90, expand=True)))
    (twin,) = twins_elsewhere(listing=listing)
    assert twin.other == other


def test_it_looks_into_an_index_and_not_through_all_photos(listing, theirs, django_assert_num_queries):
    for seed in range(3):
        put(theirs, encode(blobs(seed)))
    put(listing, halved(blobs(1)))
    with django_assert_num_queries(4):  # the photos, the same file, the index, the near ones
        twins_elsewhere(listing=listing)
    assert len(band_keys("0123456789abcdef")) == 4
    assert band_keys("0123456789abcdef")[3] == (3 << 16) | 0x0123


def test_the_seller_is_told_of_the_same_picture_and_can_drop_it(seller, listing):
    first = photo_add(listing=listing, data=encode(blobs(1)), filename="a.jpg")
    photo_add(listing=listing, data=encode(blobs(2)), filename="b.jpg")
    second = photo_add(listing=listing, data=halved(blobs(1)), filename="c.jpg")
    assert list(twins_within([first, second])) == [second]
    page = seller.get(f"/sell/{listing.code}/").content.decode()
    assert page.count("The same picture as photo 1.") == 1
    assert f'id="drop-{second.pk}"' in page
    seller.post(f"/sell/{listing.code}/photos/{second.pk}/delete/", headers=HTMX)
    assert "The same picture" not in seller.get(f"/sell/{listing.code}/").content.decode()


def test_the_same_file_again_is_said_to_be_there_already(seller, listing):
    answers = [
        seller.post(
            f"/sell/{listing.code}/photos/", {"photo": SimpleUploadedFile("a.jpg", encode(blobs(1)))}, headers=JSON
        ).json()
        for _ in range(2)
    ]
    assert answers[0]["id"] == answers[1]["id"]
    assert [answer["already"] for answer in answers] == [False, True]


def test_the_hashes_are_those_of_imagehash(listing):
    import imagehash

    photo = photo_add(listing=listing, data=encode(blobs(3)), filename="a.jpg")
    with Image.open(io.BytesIO(photo.card.read())) as card:
        near = imagehash.phash(card, hash_size=16) - imagehash.hex_to_hash(photo.phash_fine)
    assert near <= 6  # the stored card has been through JPEG
    assert Photo.objects.get().bands.count() == 4


def test_photos_from_before_are_measured_once(listing, theirs, capsys):
    other = put(theirs, encode(blobs(1)))
    other.bands.all().delete()
    Photo.objects.filter(pk=other.pk).update(phash_fine="", master_sha256="", blur=None, brightness=None)
    put(listing, halved(blobs(1)))
    assert twins_elsewhere(listing=listing) == []
    call_command("measure_photos", "--json")
    call_command("measure_photos", "--json")
    assert [json.loads(line)["measured"] for line in capsys.readouterr().out.splitlines()] == [1, 0]
    assert len(twins_elsewhere(listing=listing)) == 1
