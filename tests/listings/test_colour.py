"""The colour: chosen by the seller, and what buyers filter by."""

from marketplace.listings.forms import BrowseForm
from marketplace.listings.models import Listing
from marketplace.listings.selectors import car_version, listings_search
from marketplace.listings.services import listing_missing, listing_update


def test_it_is_optional(finished, put_photo):
    put_photo(finished)
    assert listing_missing(listing=finished) == {}


def test_the_seller_chooses_it_and_clears_it(seller, draft):
    address = f"/sell/{draft.code}/save/"
    seller.post(address, {"colour": "brown"}, headers={"HX-Request": "true"})
    draft.refresh_from_db()
    assert (draft.colour, draft.touched) == ("brown", ["colour"])
    assert '<option value="brown" selected>Brown</option>' in seller.get(f"/sell/{draft.code}/").content.decode()
    seller.post(address, {"colour": ""}, headers={"HX-Request": "true"})
    draft.refresh_from_db()
    assert (draft.colour, draft.touched) == ("", [])


def test_a_colour_that_is_not_in_the_list_is_refused(seller, draft):
    seller.post(f"/sell/{draft.code}/save/", {"colour": "plaid"}, headers={"HX-Request": "true"})
    draft.refresh_from_db()
    assert draft.colour == ""


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
    assert list(listings_search(colour="red")) == [red]
    page = client.get("/?colour=red").content.decode()
    assert red.get_absolute_url() in page
    assert other.get_absolute_url() not in page
    assert "<dt>Colour</dt><dd>Red</dd>" in client.get(red.get_absolute_url()).content.decode()
    assert "<dt>Colour</dt><dd>–</dd>" in client.get(other.get_absolute_url()).content.decode()
    assert BrowseForm({"colour": "plaid"}).criteria() == {}
