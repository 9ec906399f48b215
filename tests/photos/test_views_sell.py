"""Photos on the seller's page."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from marketplace.photos.models import Photo
from marketplace.photos.services import photo_add
from marketplace.photos.views.sell import moved
from tests.factories import PhotoFactory

JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true"}


def file_of(data, name="car.jpg"):
    return SimpleUploadedFile(name, data, content_type="image/jpeg")


def test_it_takes_one_photo_and_tells_its_id(seller, listing, encoded):
    answer = seller.post(f"/sell/{listing.code}/photos/", {"photo": file_of(encoded())}, headers=JSON)
    assert answer.status_code == 201
    assert answer.json()["id"] == str(Photo.objects.get().pk)


def test_a_rejected_upload_gets_its_sentence(seller, listing):
    answer = seller.post(f"/sell/{listing.code}/photos/", {"photo": file_of(b"%PDF-1.7 hello")}, headers=JSON)
    assert answer.status_code == 422
    assert "not a photo" in answer.json()["message"]


def test_the_others_are_kept_without_javascript_too(seller, listing, encoded):
    files = [file_of(encoded(), "good.jpg"), file_of(b"<svg", "bad.jpg"), file_of(encoded(width=300), "fine.jpg")]
    page = seller.post(f"/sell/{listing.code}/photos/", {"photo": files}, follow=True).content.decode()
    assert "bad.jpg: This file is" in page
    assert Photo.objects.filter(listing=listing).count() == 2


def test_a_file_over_the_limit_is_not_even_read(seller, listing, settings):
    settings.PHOTO_MAX_BYTES = 1000
    answer = seller.post(f"/sell/{listing.code}/photos/", {"photo": file_of(b"x" * 1001)}, headers=JSON)
    assert answer.status_code == 422
    assert "the limit is" in answer.json()["message"]


def test_a_live_listing_takes_no_photos(seller, listing, encoded):
    listing.status = "live"
    listing.save()
    answer = seller.post(f"/sell/{listing.code}/photos/", {"photo": file_of(encoded())}, headers=JSON)
    assert answer.status_code == 422
    assert not Photo.objects.exists()


def test_tiles_are_asked_for_until_every_photo_is_settled(seller, listing, encoded):
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    address = f"/sell/{listing.code}/photos/tiles/"
    first = seller.get(address, headers=HTMX)
    page = first.content.decode()
    assert "every 600ms" in page
    assert "Waiting" in page
    shown = {"tiles_version": first.context["version"], "car_version": first.context["car_version"]}
    assert seller.get(address, shown, headers=HTMX).status_code == 204
    Photo.objects.filter(pk=photo.pk).update(status="done", outcome="not_usable", kind="interior")
    page = seller.get(address, shown, headers=HTMX).content.decode()
    assert "every" not in page
    assert "Interior" in page
    assert "1 of 1 photo looked at." in page
    assert "car-fields" not in page.replace("#car-fields", "")  # make and model are as shown: left alone


def test_a_photo_without_a_car_is_told_to_be_none_ticks_nothing_and_is_no_cover(seller, listing):
    none = PhotoFactory(listing=listing, other=True, position=0)
    address = f"/sell/{listing.code}/photos/tiles/"
    page = seller.get(address, headers=HTMX).content.decode()
    assert "There is no car on this photo." in page
    assert "Good to show" not in page
    assert "tile__cover" in page  # of a single photo
    inside = PhotoFactory(listing=listing, interior=True, position=1)
    page = seller.get(address, headers=HTMX).content.decode()
    first, second = page.split(f'id="tile-{inside.pk}"')
    assert "tile__cover" not in first
    assert "tile__cover" in second
    assert "A photo without a car is no cover" in first
    card = seller.get("/sell/").content.decode()
    assert inside.card.url in card
    assert none.card.url not in card


def test_it_moves_and_removes(seller, listing, encoded):
    keys = [photo_add(listing=listing, data=encoded(width=w), filename="a.jpg").pk for w in (300, 310, 320)]
    seller.post(f"/sell/{listing.code}/photos/{keys[2]}/move/", {"to": "cover"}, headers=HTMX)
    assert [photo.pk for photo in listing.photos.all()] == [keys[2], keys[0], keys[1]]
    seller.post(f"/sell/{listing.code}/photos/order/", {"photo": [str(keys[0]), "junk", str(keys[2])]})
    assert [photo.pk for photo in listing.photos.all()] == [keys[1], keys[0], keys[2]]
    seller.post(f"/sell/{listing.code}/photos/{keys[0]}/delete/", headers=HTMX)
    assert [photo.pk for photo in listing.photos.all()] == [keys[1], keys[2]]


def test_moving_knows_its_words():
    a, b, c = (uuid.uuid4() for _ in range(3))
    assert moved([a, b, c], b, "earlier") == [b, a, c]
    assert moved([a, b, c], b, "later") == [a, c, b]
    assert moved([a, b, c], c, "later") == [a, b, c]
    assert moved([a, b, c], a, "earlier") == [a, b, c]
    assert moved([a, b, c], c, "cover") == [c, a, b]
    assert moved([a, b, c], b, "sideways") == [a, b, c]
    assert moved([a, b, c], c, "before", other=str(a)) == [c, a, b]
    assert moved([a, b, c], a, "before", other=str(c)) == [b, a, c]
    assert moved([a, b, c], a, "before") == [b, c, a]


@pytest.mark.parametrize("page", ["", "tiles/", "order/", "{photo}/move/", "{photo}/delete/", "{photo}/rotate/"])
def test_the_outsider_finds_nothing(client, listing, encoded, charlie, page):
    photo = photo_add(listing=listing, data=encoded(), filename="a.jpg")
    client.force_login(charlie)
    address = f"/sell/{listing.code}/photos/" + page.format(photo=photo.pk)
    assert (client.get(address) if page == "tiles/" else client.post(address)).status_code == 404
    assert Photo.objects.filter(pk=photo.pk).exists()


def test_another_listings_photo_is_out_of_reach(seller, alice, listing, encoded, charlie):
    from marketplace.listings.services import listing_create

    theirs = photo_add(listing=listing_create(seller=charlie), data=encoded(), filename="a.jpg")
    assert seller.post(f"/sell/{listing.code}/photos/{theirs.pk}/delete/").status_code == 404


def test_the_page_with_tiles_costs_the_same_however_many(seller, listing, encoded, django_assert_max_num_queries):
    for width in range(300, 306):
        photo_add(listing=listing, data=encoded(width=width), filename="a.jpg")
    with django_assert_max_num_queries(9):
        seller.get(f"/sell/{listing.code}/")
