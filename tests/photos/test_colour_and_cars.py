"""What the photos say of colour and number of cars: stored, fused, and told to the seller."""

import pytest

from classifier.taxonomy import Guess
from marketplace.photos.recognition.queue import photo_finish, photos_claim
from marketplace.photos.services import photo_remove
from marketplace.photos.templatetags.photo_words import says, several_cars
from tests.factories import PhotoFactory

RED = (Guess("red", 0.94), Guess("orange", 0.05), Guess("blue", 0.01))
ORANGE = (Guess("orange", 0.55), Guess("red", 0.44), Guess("blue", 0.01))


@pytest.fixture
def finish(listing, champion, said, rings):
    """``finish(RED)``: one more photo, of which this was said."""

    def one(colours=(), *, threshold=0.9, **more):
        photo = PhotoFactory(listing=listing)
        [claimed] = photos_claim(limit=1)
        recognition = said(0.98, 0.01, 0.01, colours=colours, **more)
        assert photo_finish(
            photo_id=claimed.pk, attempt=1, recognition=recognition, version=champion, colour_threshold=threshold
        )
        listing.refresh_from_db()
        photo.refresh_from_db()
        return photo

    return one


def test_it_stores_colours_and_cars(finish):
    prediction = finish(RED, cars=2).predictions.get()
    assert prediction.colours == [["red", 0.94], ["orange", 0.05], ["blue", 0.01]]
    assert (prediction.colour, prediction.colour_threshold, prediction.cars) == (RED[0], 0.9, 2)


def test_a_recogniser_without_colours_leaves_them_empty(finish, listing):
    prediction = finish().predictions.get()
    assert (prediction.colours, prediction.colour, prediction.colour_threshold) == ([], None, None)
    assert listing.verdict["colour"] is None
    assert listing.colour == ""


def test_the_photos_fill_the_colour_in_together(finish, listing):
    finish(ORANGE)
    assert (listing.verdict["colour"]["name"], listing.colour) == ("orange", "")
    finish(RED), finish(RED)
    colour = listing.verdict["colour"]
    assert (colour["name"], colour["threshold"], listing.colour) == ("red", 0.9, "red")


def test_it_goes_with_the_photo_that_said_it(finish, listing):
    finish()
    photo = finish(RED)
    assert listing.colour == "red"
    photo_remove(photo=photo)
    listing.refresh_from_db()
    assert (listing.colour, listing.verdict["colour"], listing.autofilled) == ("", None, [])


def test_it_is_said_aloud(finish, listing, client, alice):
    finish(RED)
    client.force_login(alice)
    page = client.get(f"/sell/{listing.code}/photos/tiles/", headers={"HX-Request": "true"}).content.decode()
    aloud = " ".join(page[page.index('id="live"') : page.index("car-fields", page.index('id="live"'))].split())
    assert "Filled in from the photos: Red." in aloud


def test_several_cars_on_a_photo_are_a_hint_to_the_seller(finish, listing, client, alice):
    photo = finish(RED, cars=2)
    assert says(photo).more.endswith("There are two cars in this picture. We took the larger one for yours.")
    client.force_login(alice)
    assert "There are two cars in this picture" in client.get(f"/sell/{listing.code}/").content.decode()


@pytest.mark.parametrize("cars", [None, 0, 1])
def test_one_car_and_rows_of_before_need_no_hint(finish, cars):
    assert says(finish(RED, cars=cars)).more.endswith(")")


def test_more_than_two_cars_are_several():
    assert "several cars" in several_cars(3)
    assert "several cars" in several_cars(7)
