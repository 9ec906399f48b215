"""Makes and models that the catalogue lacks: sellers write them, and only people replace them."""

import pytest
from django.db import IntegrityError

from marketplace.listings.models import Listing
from marketplace.listings.search.services import listings_found
from marketplace.listings.services import listing_identity_set, listing_missing, listing_update, listing_verdict_set
from tests.factories import ListingFactory
from tests.listings.conftest import verdict


def autosave(seller, draft, **typed):
    return seller.post(f"/sell/{draft.code}/save/", typed, headers={"HX-Request": "true"}).content.decode()


def test_it_takes_a_model_of_a_make_in_the_list(seller, finished, put_photo):
    put_photo(finished)
    page = autosave(seller, finished, other_model="  Rabbit   Pickup ")
    assert 'value="Rabbit Pickup"' in page
    finished.refresh_from_db()
    assert (finished.car_model, finished.other_model, finished.title) == (None, "Rabbit Pickup", str(finished))
    assert finished.title == "Volkswagen Rabbit Pickup 2012"
    assert seller.post(f"/sell/{finished.code}/submit/").status_code == 302
    assert "Volkswagen Rabbit Pickup 2012" in seller.get(finished.get_absolute_url()).content.decode()


def test_it_takes_a_make_that_is_not_in_the_list(seller, finished, put_photo):
    put_photo(finished)
    answer = seller.post(f"/sell/{finished.code}/submit/", {"other_make": "Roewe"})
    assert answer.status_code == 422  # the model is missing
    page = answer.content.decode()
    assert '<details class="unlisted" id="unlisted-other_model" open>' in page
    assert '<a href="#id_car_model">Model</a>' in page
    answer = seller.post(f"/sell/{finished.code}/submit/", {"other_model": "i5"})
    assert answer.status_code == 302
    finished.refresh_from_db()
    assert (finished.status, finished.make, finished.title) == ("submitted", None, "Roewe i5 2012")


@pytest.mark.parametrize("typed", [{"other_model": "Rabbit"}, {"other_make": "Roewe", "other_model": "i5"}])
def test_the_photos_put_nothing_beside_it(draft, cars, typed):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict(model_sure=0.5))  # fills in the make
    listing_update(listing=draft, values=typed)
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    assert {name: getattr(row, name) for name in typed} == typed
    assert (row.car_model, row.autofilled) == (None, [])
    assert row.make == (None if "other_make" in typed else cars["Golf"].make)


def test_the_photos_may_still_name_the_make_of_a_written_model(draft, cars):
    listing_update(listing=draft, values={"other_model": "Rabbit"})
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    assert (row.make, row.car_model, row.other_model) == (cars["Golf"].make, None, "Rabbit")


def test_what_is_chosen_later_takes_its_place(seller, draft, cars):
    listing_update(listing=draft, values={"other_make": "Roewe", "other_model": "i5"})
    golf = cars["Golf"]
    autosave(seller, draft, make=golf.make_id)
    draft.refresh_from_db()
    assert (draft.make, draft.other_make, draft.other_model) == (golf.make, "", "i5")
    autosave(seller, draft, choose=f"{golf.make_id}:{golf.pk}")
    draft.refresh_from_db()
    assert (draft.car_model, draft.other_model) == (golf, "")


def test_clearing_it_gives_the_field_back_to_the_photos(draft, cars):
    listing_update(listing=draft, values={"other_make": "Roewe", "other_model": "i5"})
    row = listing_update(listing=draft, values={"other_make": "", "other_model": ""})
    assert row.touched == []
    assert listing_verdict_set(listing_id=draft.pk, verdict=verdict()).car_model == cars["Golf"]


def test_another_make_keeps_the_model_that_was_written(draft, cars):
    listing_update(listing=draft, values={"make": cars["A4"].make, "other_model": "Rabbit"})
    row = listing_update(listing=draft, values={"make": cars["Golf"].make})
    assert row.title == "Volkswagen Rabbit"


@pytest.mark.parametrize(
    ("typed", "contradiction"),
    [
        ({"other_model": "Rabbit"}, "The photos look like Volkswagen Golf, not Volkswagen Rabbit."),
        ({"other_model": "golf!"}, ""),  # it was in the list after all
        ({"other_make": "Roewe", "other_model": "i5"}, "The photos look like Volkswagen Golf, not Roewe i5."),
    ],
)
def test_what_the_photos_show_instead_is_said(draft, cars, typed, contradiction):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    assert listing_update(listing=draft, values=typed).contradiction == contradiction


def test_nothing_is_missing_when_it_is_written(finished, cars, put_photo):
    put_photo(finished)
    finished.make = finished.car_model = None
    assert listing_missing(listing=finished).keys() == {"make", "car_model"}
    finished.other_make, finished.other_model = "Roewe", "i5"
    assert listing_missing(listing=finished) == {}


@pytest.mark.parametrize("typed", ["???", "x" * 81])
def test_it_asks_for_a_name_that_can_be_read(seller, draft, typed):
    page = autosave(seller, draft, other_model=typed)
    assert "Saved, except what is marked." in page
    draft.refresh_from_db()
    assert draft.other_model == ""


def test_a_whole_form_without_javascript_can_write_over_what_it_showed(seller, finished, cars):
    golf = cars["Golf"]
    shown = {"make": golf.make_id, "shown_make": golf.make_id, "car_model": golf.pk, "shown_car_model": golf.pk}
    seller.post(f"/sell/{finished.code}/save/", {**shown, "other_make": "", "other_model": "Rabbit"})
    finished.refresh_from_db()
    assert (finished.make, finished.car_model, finished.other_model) == (golf.make, None, "Rabbit")


@pytest.mark.parametrize("text", ["roewe", "i5 Roewe", "ROEWE"])
def test_buyers_find_it_by_its_words(cars, text):
    listing = ListingFactory(live=True, written=True, other_make="Roewe", other_model="i5")
    assert list(listings_found({"q": text})) == [listing]
    assert not listings_found({"q": f"{text} estate"})


def test_a_moderators_choice_takes_its_place(draft, cars):
    listing_update(listing=draft, values={"other_make": "VW", "other_model": "Golf 4"})
    draft.refresh_from_db()
    listing_identity_set(listing=draft, make=cars["Golf"].make, car_model=cars["Golf"])
    draft.refresh_from_db()
    assert draft.title == "Volkswagen Golf"


def test_the_database_keeps_one_of_both(draft, cars):
    with pytest.raises(IntegrityError):
        Listing.objects.filter(pk=draft.pk).update(make=cars["Golf"].make, other_make="Roewe")
