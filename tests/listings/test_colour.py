"""The colour: filled in like the body, the seller's once chosen, and what buyers filter by."""

import pytest
from django.http import QueryDict

from classifier.colour import COLOURS
from marketplace.listings.models import Listing
from marketplace.listings.search.criteria import Criteria
from marketplace.listings.search.forms import SearchForm
from marketplace.listings.search.services import listings_found
from marketplace.listings.selectors import car_version, colour_suggestion_of
from marketplace.listings.services import listing_missing, listing_update, listing_verdict_set
from tests.listings.conftest import verdict

HTMX = {"HX-Request": "true"}


def seen(name="red", sure=0.95, threshold=0.9):
    """A verdict that is sure of no make."""
    colour = {"name": name, "confidence": sure, "threshold": threshold}
    return {**verdict(make_sure=0.1, model_sure=0.1), "colour": colour}


def test_people_may_choose_whatever_the_classifier_tells_apart():
    assert set(Listing.Colour.values) == {*COLOURS, "other"}


def test_it_is_filled_in_from_the_threshold_on(draft):
    row = listing_verdict_set(listing_id=draft.pk, verdict=seen(sure=0.89))
    assert (row.colour, row.autofilled) == ("", [])
    row = listing_verdict_set(listing_id=draft.pk, verdict=seen(sure=0.9))
    assert (row.colour, row.autofilled, row.touched) == ("red", ["colour"], [])


def test_it_never_overwrites_what_was_chosen_and_never_contradicts(draft):
    listing_update(listing=draft, values={"colour": "blue"})
    row = listing_verdict_set(listing_id=draft.pk, verdict=seen())
    assert (row.colour, row.touched, row.autofilled, row.contradiction) == ("blue", ["colour"], [], "")


@pytest.mark.parametrize("later", [None, verdict(), {**verdict(), "colour": None}, seen(sure=0.5), seen("plaid")])
def test_what_was_filled_in_goes_when_the_photos_say_it_no_more(draft, cars, later):
    listing_verdict_set(listing_id=draft.pk, verdict=seen())
    row = listing_verdict_set(listing_id=draft.pk, verdict=later)
    assert (row.colour, "colour" in row.autofilled) == ("", False)


def test_it_is_optional(finished, put_photo):
    put_photo(finished)
    assert listing_missing(listing=finished) == {}


def test_the_page_marks_it_as_filled_in_until_the_seller_chooses_and_clears_it(seller, draft):
    listing_verdict_set(listing_id=draft.pk, verdict=seen())
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    assert 'field--filled" id="field-colour"' in page
    assert '<option value="red" selected>Red</option>' in page
    seller.post(f"/sell/{draft.code}/save/", {"colour": "brown"}, headers=HTMX)
    draft.refresh_from_db()
    assert (draft.colour, draft.touched, draft.autofilled) == ("brown", ["colour"], [])
    seller.post(f"/sell/{draft.code}/save/", {"colour": ""}, headers=HTMX)
    draft.refresh_from_db()
    assert (draft.colour, draft.touched) == ("", [])


def test_a_doubtful_colour_is_a_suggestion_that_one_press_confirms(seller, draft):
    listing_verdict_set(listing_id=draft.pk, verdict=seen(sure=0.6))
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    assert "Is this the colour?" in page
    seller.post(f"/sell/{draft.code}/save/", {"choose_colour": "red"}, headers=HTMX)
    draft.refresh_from_db()
    assert (draft.colour, draft.touched) == ("red", ["colour"])


@pytest.mark.parametrize("said", [verdict(), seen(sure=0.4), seen("plaid")])
def test_what_is_unlikely_or_unknown_is_not_offered(draft, cars, said):
    assert colour_suggestion_of(listing=listing_verdict_set(listing_id=draft.pk, verdict=said)) is None


def test_a_colour_that_is_not_in_the_list_is_refused(seller, draft):
    seller.post(f"/sell/{draft.code}/save/", {"colour": "plaid"}, headers=HTMX)
    draft.refresh_from_db()
    assert draft.colour == ""


def test_a_form_opened_before_the_verdict_does_not_undo_it(seller, draft):
    listing_verdict_set(listing_id=draft.pk, verdict=seen())
    seller.post(f"/sell/{draft.code}/save/", {"colour": "", "shown_colour": "", "place": "Brno"})
    draft.refresh_from_db()
    assert (draft.colour, draft.autofilled) == ("red", ["colour"])


def test_the_part_of_the_page_that_shows_it_is_renewed(draft):
    before = car_version(draft)
    assert car_version(listing_update(listing=draft, values={"colour": "red"})) != before


def test_the_outsider_changes_nothing(client, draft, charlie):
    client.force_login(charlie)
    assert client.post(f"/sell/{draft.code}/save/", {"colour": "red"}).status_code == 404
    draft.refresh_from_db()
    assert draft.colour == ""


def test_buyers_filter_by_it_and_read_it(client, put_live):
    red, other = put_live(colour=Listing.Colour.RED), put_live()
    assert list(listings_found({"colour": "red"})) == [red]
    page = client.get("/?colour=red").content.decode()
    assert red.get_absolute_url() in page
    assert other.get_absolute_url() not in page
    assert "<dt>Colour</dt><dd>Red</dd>" in client.get(red.get_absolute_url()).content.decode()
    assert "<dt>Colour</dt><dd>–</dd>" in client.get(other.get_absolute_url()).content.decode()
    assert SearchForm(QueryDict("colour=plaid")).criteria() == Criteria()
