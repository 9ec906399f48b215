"""The body type: filled in like make and model, and the seller's once they choose one."""

import pytest
from django.http import QueryDict

from classifier.attributes import BODIES
from marketplace.listings.models import Listing
from marketplace.listings.search.criteria import Criteria
from marketplace.listings.search.forms import SearchForm
from marketplace.listings.search.services import listings_found
from marketplace.listings.selectors import body_suggestion_of, car_version
from marketplace.listings.services import listing_missing, listing_update, listing_verdict_set
from tests.listings.conftest import verdict

HTMX = {"HX-Request": "true"}


def seen(name="wagon", sure=0.9, threshold=0.8):
    return {
        **verdict(make_sure=0.1, model_sure=0.1),
        "body": {"name": name, "confidence": sure, "threshold": threshold},
    }


def test_people_may_choose_whatever_the_classifier_tells_apart():
    assert set(Listing.Body.values) == {*BODIES, "other"}


def test_it_is_filled_in_from_the_threshold_on(draft):
    row = listing_verdict_set(listing_id=draft.pk, verdict=seen(sure=0.79))
    assert (row.body, row.autofilled) == ("", [])
    row = listing_verdict_set(listing_id=draft.pk, verdict=seen(sure=0.8))
    assert (row.body, row.autofilled, row.touched) == ("wagon", ["body"], [])


def test_it_needs_no_make(draft, cars):
    row = listing_verdict_set(listing_id=draft.pk, verdict=seen())
    assert (row.make, row.body) == (None, "wagon")
    row = listing_verdict_set(listing_id=draft.pk, verdict={**seen(), **verdict()})
    assert row.autofilled == ["body", "car_model", "make"]


def test_it_never_overwrites_what_was_chosen(draft):
    listing_update(listing=draft, values={"body": "suv"})
    row = listing_verdict_set(listing_id=draft.pk, verdict=seen())
    assert (row.body, row.touched, row.autofilled, row.contradiction) == ("suv", ["body"], [], "")


def test_another_choice_takes_the_place_of_what_was_filled_in(draft):
    listing_verdict_set(listing_id=draft.pk, verdict=seen())
    row = listing_update(listing=draft, values={"body": "other"})
    assert (row.body, row.touched, row.autofilled) == ("other", ["body"], [])
    assert listing_verdict_set(listing_id=draft.pk, verdict=seen()).body == "other"


def test_clearing_it_gives_it_back_to_the_photos(draft):
    listing_update(listing=draft, values={"body": "suv"})
    assert listing_update(listing=draft, values={"body": ""}).touched == []
    assert listing_verdict_set(listing_id=draft.pk, verdict=seen()).body == "wagon"


@pytest.mark.parametrize("later", [None, verdict(), {**verdict(), "body": None}, seen(sure=0.3)])
def test_what_was_filled_in_goes_when_the_photos_say_it_no_more(draft, cars, later):
    listing_verdict_set(listing_id=draft.pk, verdict=seen())
    row = listing_verdict_set(listing_id=draft.pk, verdict=later)
    assert (row.body, "body" in row.autofilled) == ("", False)


def test_a_late_verdict_does_not_change_what_is_live(put_live):
    listing = put_live(body="suv")
    assert listing_verdict_set(listing_id=listing.pk, verdict=seen()).body == "suv"


def test_it_is_optional(finished, put_photo):
    put_photo(finished)
    assert listing_missing(listing=finished) == {}


def test_the_page_marks_it_as_filled_in_and_confirms_it_with_one_press(seller, draft):
    listing_verdict_set(listing_id=draft.pk, verdict=seen())
    address = f"/sell/{draft.code}/"
    page = seller.get(address).content.decode()
    assert 'class="field field--wide field--filled" id="field-body"' in page
    assert "We filled in the body type." in page
    assert '<option value="wagon" selected>Estate</option>' in page
    page = seller.post(f"{address}save/", {"choose_body": "wagon"}, headers=HTMX).content.decode()
    assert "field--filled" not in page
    assert "We filled in" not in page
    draft.refresh_from_db()
    assert (draft.body, draft.touched, draft.autofilled) == ("wagon", ["body"], [])


def test_an_unsure_body_is_offered_and_not_filled_in(seller, draft):
    listing_verdict_set(listing_id=draft.pk, verdict=seen(sure=0.6))
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    assert "Is this the body type?" in page
    assert "field--filled" not in page
    seller.post(f"/sell/{draft.code}/save/", {"choose_body": "wagon"}, headers=HTMX)
    draft.refresh_from_db()
    assert (draft.body, draft.touched) == ("wagon", ["body"])


@pytest.mark.parametrize("said", [None, verdict(), seen(sure=0.49), seen(name="hovercraft")])
def test_what_is_not_worth_offering_is_not_offered(draft, cars, said):
    assert body_suggestion_of(listing=listing_verdict_set(listing_id=draft.pk, verdict=said)) is None


def test_a_press_that_names_no_body_is_one_clear_line(seller, draft):
    answer = seller.post(f"/sell/{draft.code}/save/", {"choose_body": "boat"}, headers=HTMX)
    assert (answer.status_code, "Saved, except what is marked." in answer.content.decode()) == (200, True)
    draft.refresh_from_db()
    assert (draft.body, draft.touched) == ("", [])


def test_autosave_of_another_field_leaves_it_to_the_photos(seller, draft):
    listing_verdict_set(listing_id=draft.pk, verdict=seen())
    seller.post(f"/sell/{draft.code}/save/", {"place": "Brno"}, headers=HTMX)
    draft.refresh_from_db()
    assert (draft.touched, draft.autofilled) == (["place"], ["body"])


def test_a_form_opened_before_the_verdict_does_not_undo_it(seller, draft):
    listing_verdict_set(listing_id=draft.pk, verdict=seen())
    seller.post(f"/sell/{draft.code}/save/", {"body": "", "shown_body": "", "place": "Brno"})
    draft.refresh_from_db()
    assert (draft.body, draft.autofilled) == ("wagon", ["body"])


def test_the_part_of_the_page_that_shows_it_is_renewed(draft):
    before = car_version(draft)
    assert car_version(listing_update(listing=draft, values={"body": "suv"})) != before


def test_the_outsider_changes_nothing(client, draft, charlie):
    client.force_login(charlie)
    assert client.post(f"/sell/{draft.code}/save/", {"choose_body": "suv"}, headers=HTMX).status_code == 404
    draft.refresh_from_db()
    assert draft.body == ""


def test_buyers_filter_by_it_and_read_it(client, put_live):
    estate, other = put_live(body="wagon", place="Brno"), put_live()
    assert list(listings_found({"body": "wagon"})) == [estate]
    page = client.get("/?body=wagon").content.decode()
    assert estate.get_absolute_url() in page
    assert other.get_absolute_url() not in page
    assert '<p class="soft small">Estate · Brno</p>' in page
    assert 'value="wagon" id="id_body_wagon" checked' in " ".join(page.split())
    assert "<dt>Body type</dt><dd>Estate</dd>" in client.get(estate.get_absolute_url()).content.decode()
    assert "<dt>Body type</dt><dd>–</dd>" in client.get(other.get_absolute_url()).content.decode()


def test_a_body_that_nobody_knows_is_left_out_of_the_search(client, put_live):
    listing = put_live()
    assert SearchForm(QueryDict("body=boat")).criteria() == Criteria()
    assert listing.get_absolute_url() in client.get("/?body=boat").content.decode()
