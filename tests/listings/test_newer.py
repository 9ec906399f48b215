"""Two windows on one draft: the newer state is told before anything is overwritten."""

import pytest

from marketplace.listings.newer import listing_update_unless_newer, tokens_of, tokens_read, tokens_text
from marketplace.listings.services import listing_update, listing_verdict_set
from tests.listings.conftest import verdict

HTMX = {"HX-Request": "true"}


def store(draft, shown, **values):
    return listing_update_unless_newer(listing=draft, values=values, shown=shown)


def test_what_another_window_stored_meanwhile_stays_and_the_rest_is_stored(draft):
    shown = tokens_of(draft)
    listing_update(listing=draft, values={"price": 200})
    row, newer = store(draft, shown, price=100, place="Brno")
    assert (row.price, row.place, newer) == (200, "Brno", {"price"})
    # Whoever has been told has the newer token, and means it.
    row, newer = store(draft, tokens_of(row), price=100)
    assert (row.price, newer) == (100, set())


def test_both_windows_saying_the_same_is_no_conflict(draft):
    shown = tokens_of(draft)
    listing_update(listing=draft, values={"place": "Brno"})
    assert store(draft, shown, place="Brno")[1] == set()


def test_what_came_along_unchanged_with_the_whole_form_undoes_nothing(draft):
    listing_update(listing=draft, values={"place": "Brno"})
    draft.refresh_from_db()
    shown = tokens_of(draft)
    listing_update(listing=draft, values={"place": "Wien"})
    row, newer = store(draft, shown, place="Brno", year=2012)
    assert (row.place, row.year, newer) == ("Wien", 2012, set())


def test_the_sellers_word_replaces_what_the_photos_filled_in_meanwhile(draft, cars):
    shown = tokens_of(draft)
    listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    row, newer = store(draft, shown, make=cars["A4"].make, car_model=cars["A4"])
    assert (row.car_model, newer) == (cars["A4"], set())


def test_a_form_without_tokens_is_stored_as_ever(draft):
    listing_update(listing=draft, values={"place": "Brno"})
    assert store(draft, {}, place="Wien")[0].place == "Wien"


def test_tokens_travel_as_text_and_the_newest_of_several_counts(draft):
    old = tokens_text(tokens_of(draft))
    draft.year = 2012
    assert tokens_read([old, tokens_text(tokens_of(draft, ["year"])), "junk :x y: id:1"]) == tokens_of(draft)


def test_autosave_tells_what_became_of_the_field_and_offers_both(seller, draft):
    shown = tokens_text(tokens_of(draft))
    listing_update(listing=draft, values={"price": 12_500})
    address = f"/sell/{draft.code}/save/"
    page = seller.post(address, {"price": "100", "shown": shown}, headers=HTMX).content.decode()
    assert "Meanwhile this became “12500” in another window." in page
    assert "Saved, except what is marked." in page
    assert 'data-mine="price"' in page
    assert 'data-value="12500"' in page
    draft.refresh_from_db()
    assert tokens_of(draft)["price"] in page  # the token of what was told: sent again, it is meant


def test_another_windows_make_is_shown_and_told(seller, draft, cars):
    shown = tokens_text(tokens_of(draft))
    listing_update(listing=draft, values={"make": cars["A4"].make})
    posted = {"make": cars["Golf"].make_id, "shown": shown}
    page = seller.post(f"/sell/{draft.code}/save/", posted, headers=HTMX).content.decode()
    assert "Meanwhile this became “Audi” in another window." in page
    assert 'id="car-fields"' in page
    assert "data-theirs" not in page
    draft.refresh_from_db()
    assert draft.make == cars["A4"].make


def test_submitting_an_older_page_says_what_is_newer_and_hands_nothing_in(seller, finished, put_photo):
    put_photo(finished)
    shown = tokens_text(tokens_of(finished))
    listing_update(listing=finished, values={"price": 9_000})
    posted = {"price": "100", "place": "Brno", "shown": shown}
    answer = seller.post(f"/sell/{finished.code}/submit/", posted)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("Meanwhile this became “9000” in another window.") == 2  # above, and at the field
    assert 'value="100"' in page
    finished.refresh_from_db()
    assert (finished.status, finished.price) == ("draft", 9_000)


@pytest.mark.parametrize("price", ["100", "9000"])
def test_of_a_car_on_sale_a_newer_price_is_told_too(seller, put_live, price):
    car = put_live(price=8_000)
    shown = tokens_text(tokens_of(car))
    listing_update(listing=car, values={"price": 9_000})
    posted = {"price": price, "currency": "EUR", "mileage_km": "100000", "place": "Brno", "shown": shown}
    answer = seller.post(f"/sell/{car.code}/save/", posted)
    car.refresh_from_db()
    assert car.price == 9_000
    assert answer.status_code == (422 if price == "100" else 302)
