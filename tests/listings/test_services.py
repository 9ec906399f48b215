"""What the seller typed stays; the photos fill in the rest."""

import pytest
from django.core.exceptions import ValidationError

from marketplace.listings.life.services import listing_delete, listing_publish, listing_take_back
from marketplace.listings.models import Listing
from marketplace.listings.services import (
    ListingRefused,
    listing_identity_set,
    listing_missing,
    listing_submit,
    listing_update,
    listing_verdict_set,
)
from tests.factories import CarModelFactory
from tests.listings.conftest import verdict


def test_a_verdict_fills_in_make_and_model(draft, cars):
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    assert (row.car_model, row.autofilled) == (cars["Golf"], ["car_model", "make"])


def test_a_verdict_fills_in_only_the_make_when_only_that_is_certain(draft, cars):
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict(model_sure=0.5))
    assert (row.make, row.car_model, row.autofilled) == (cars["Golf"].make, None, ["make"])


def test_a_verdict_fills_in_nothing_when_unsure(draft, cars):
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict(make_sure=0.6, model_sure=0.5))
    assert (row.make, row.car_model, row.autofilled) == (None, None, [])


def test_of_look_alikes_of_one_make_a_verdict_fills_in_the_make(draft, cars):
    said = verdict(model_sure=0.85, alike=("Volkswagen Up!",))  # above the threshold, and yet not filled in
    row = listing_verdict_set(listing_id=draft.pk, verdict=said)
    assert (row.make, row.car_model, row.autofilled) == (cars["Golf"].make, None, ["make"])


@pytest.mark.parametrize("other", ["Audi A4", "Trabant 601"], ids=["of another make", "not in the catalogue"])
def test_of_look_alikes_of_several_makes_a_verdict_fills_in_nothing(draft, cars, other):
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict(alike=(other,)))
    assert (row.make, row.car_model, row.autofilled) == (None, None, [])


def test_a_make_that_none_of_the_look_alikes_bears_is_filled_in(draft, cars):
    said = verdict(alike=("Audi A4",))
    said["make"]["name"] = CarModelFactory(make__name="Volvo", name="V70").make.name
    assert str(listing_verdict_set(listing_id=draft.pk, verdict=said).make) == "Volvo"


@pytest.mark.parametrize(
    ("stated", "contradicts"), [("Golf", False), ("A4", False), ("A3", True), ("Up!", True)]
)  # fmt: skip
def test_a_car_that_is_none_of_the_look_alikes_contradicts_them(draft, cars, stated, contradicts):
    listing_update(listing=draft, values={"make": cars[stated].make, "car_model": cars[stated]})
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict(alike=("Audi A4",)))
    expected = f"The photos look like Volkswagen Golf or Audi A4, not {cars[stated].make} {stated}."
    assert row.contradiction == (expected if contradicts else "")


def test_look_alikes_contradict_nobody_when_unsure_of_all_of_them(draft, cars):
    listing_update(listing=draft, values={"make": cars["A3"].make, "car_model": cars["A3"]})
    said = verdict(model_sure=0.5, alike=("Audi A4",))
    said["model"]["group_confidence"] = 0.79
    assert listing_verdict_set(listing_id=draft.pk, verdict=said).contradiction == ""


def test_what_the_seller_wrote_may_be_a_look_alike_that_the_catalogue_lacks(draft, cars):
    listing_update(listing=draft, values={"other_make": "Trabant", "other_model": "601"})
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict(alike=("Trabant 601",)))
    assert row.contradiction == ""


def test_a_verdict_never_overwrites_what_was_typed(draft, cars):
    listing_update(listing=draft, values={"make": cars["A4"].make, "car_model": cars["A4"]})
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    assert (row.car_model, row.autofilled) == (cars["A4"], [])
    assert row.contradiction == "The photos look like Volkswagen Golf, not Audi A4."


def test_a_model_chosen_under_a_filled_in_make_keeps_both(draft, cars):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict(model_sure=0.5))
    listing_update(listing=draft, values={"car_model": cars["Up!"]})
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict(make="Audi", model="A4"))
    assert (row.make, row.car_model) == (cars["Up!"].make, cars["Up!"])


def test_a_later_verdict_changes_what_the_photos_had_filled_in(draft, cars):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict(make="Audi", model="A3"))
    assert row.car_model == cars["A3"]
    row = listing_verdict_set(listing_id=draft.pk, verdict=None)
    assert (row.make, row.car_model, row.autofilled) == (None, None, [])


def test_a_verdict_fills_in_again_after_a_rejection(draft, cars):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    Listing.objects.update(status="rejected", reject_reason="These are another car's photos.")
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict(make="Audi", model="A3"))
    assert (row.car_model, row.autofilled, row.contradiction) == (cars["A3"], ["car_model", "make"], "")
    listing_update(listing=draft, values={"make": cars["A4"].make, "car_model": cars["A4"]})
    assert listing_verdict_set(listing_id=draft.pk, verdict=verdict()).car_model == cars["A4"]


@pytest.mark.parametrize(("status", "contradicts"), [("submitted", True), ("live", False), ("sold", False)])
def test_a_late_verdict_does_not_contradict_what_was_approved(finished, status, contradicts):
    Listing.objects.update(status=status)
    row = listing_verdict_set(listing_id=finished.pk, verdict=verdict(make="Audi", model="A4"))
    assert bool(row.contradiction) is contradicts
    assert row.verdict["make"]["name"] == "Audi"


def test_the_candidate_that_was_filled_in_is_confirmed_by_pointing_at_it(draft, cars):
    row = listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    same = {"make": row.make, "car_model": row.car_model}
    assert listing_update(listing=draft, values=same).touched == []
    row = listing_update(listing=draft, values=same, pointed_at=same)
    assert (row.touched, row.autofilled) == (["car_model", "make"], [])


def test_another_make_takes_the_old_model_away(draft, cars):
    listing_update(listing=draft, values={"make": cars["A4"].make, "car_model": cars["A4"]})
    row = listing_update(listing=draft, values={"make": cars["Golf"].make})
    assert (row.make, row.car_model) == (cars["Golf"].make, None)


def test_a_moderators_word_outlives_a_withdrawal(finished, cars):
    Listing.objects.filter(pk=finished.pk).update(status="submitted", touched=[])
    finished.refresh_from_db()
    listing_identity_set(listing=finished, make=cars["A4"].make, car_model=cars["A4"])
    listing_take_back(listing=finished, by=finished.seller)
    row = listing_verdict_set(listing_id=finished.pk, verdict=verdict())
    assert row.car_model == cars["A4"]


def test_a_refused_submit_names_all_that_is_missing(draft):
    with pytest.raises(ValidationError) as caught:
        listing_submit(listing=draft, by=draft.seller)
    assert {"make", "car_model", "year", "price", "photos"} <= caught.value.message_dict.keys()


def test_a_photo_removed_meanwhile_counts_no_more(finished, put_photo):
    photo = put_photo(finished)
    assert listing_missing(listing=finished) == {}
    photo.delete()
    with pytest.raises(ValidationError) as caught:
        listing_submit(listing=finished, by=finished.seller)
    assert caught.value.message_dict == {"photos": ["Add at least one photo."]}


def test_a_listing_is_published_once(finished, put_photo):
    put_photo(finished)
    listing_submit(listing=finished, by=finished.seller)
    finished.refresh_from_db()
    listing_publish(listing=finished, by=None)
    with pytest.raises(ListingRefused):
        listing_publish(listing=finished, by=None)


def test_a_live_listing_cannot_be_deleted_nor_become_another_car(put_live, alice):
    listing = put_live()
    with pytest.raises(ListingRefused):
        listing_delete(listing=listing, by=alice)
    with pytest.raises(ListingRefused, match="look at it again"):
        listing_update(listing=listing, values={"year": 2001, "price": 5000})
    listing.refresh_from_db()
    assert (listing.year, listing.price) == (2012, 7500)


@pytest.mark.parametrize("status", ["live", "reserved", "withdrawn", "expired"])
def test_price_words_mileage_and_place_of_an_approved_car_change_at_once(put_live, status):
    listing = put_live()
    Listing.objects.update(status=status)
    said = {"price": 7000, "mileage_km": 101_000, "place": "Praha", "description": "New tyres."}
    row = listing_update(listing=listing, values=said)
    assert {name: getattr(row, name) for name in said} == said
    assert row.status == status
    with pytest.raises(ValidationError) as caught:
        listing_update(listing=listing, values={"price": None, "description": ""})
    assert caught.value.message_dict == {"price": ["A car on sale needs this."]}


@pytest.mark.parametrize("status", ["submitted", "sold", "deleted"])
def test_what_waits_for_review_or_is_gone_cannot_be_changed(put_live, status):
    listing = put_live()
    Listing.objects.update(status=status, deleted_at=listing.published_at if status == "deleted" else None)
    with pytest.raises(ListingRefused, match="cannot be edited"):
        listing_update(listing=listing, values={"price": 5000})
