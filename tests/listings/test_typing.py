"""Typing survives the answers of autosave and of the photos in the meantime. In a real browser."""

import pytest
from playwright.sync_api import expect

from marketplace.listings.models import Listing
from marketplace.listings.services import listing_verdict_set
from tests.listings.conftest import verdict

pytestmark = pytest.mark.django_db(transaction=True)
LONGER_THAN_AUTOSAVE = 1_500  # milliseconds; it saves 700 after the last key


def test_a_model_that_is_not_in_the_list_is_written_with_the_keys_alone(page, draft, cars, put_photo):
    put_photo(draft)  # pending, so the page keeps polling
    page.goto(f"/sell/{draft.code}/")
    page.locator("#id_car_model").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    written = page.locator("#id_other_model")
    expect(written).to_be_focused()
    page.keyboard.type("Rabbit ")
    listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    page.wait_for_timeout(LONGER_THAN_AUTOSAVE)
    expect(written).to_be_focused()
    page.keyboard.type("Pickup")
    expect(written).to_have_value("Rabbit Pickup")
    page.keyboard.press("Tab")
    expect(page.locator("#id_make option:checked")).to_have_text("Volkswagen")  # still filled in by the photos
    expect(page.locator("#id_car_model option:checked")).to_have_text("Not in the list")
    expect(written).to_have_value("Rabbit Pickup")
    row = Listing.objects.get(pk=draft.pk)
    assert (row.title, row.car_model) == ("Volkswagen Rabbit Pickup", None)


def test_a_draft_that_could_not_be_saved_shows_what_was_written_after_a_reload(page, draft, cars):
    page.goto(f"/sell/{draft.code}/")
    page.route("**/save/", lambda route: route.abort())
    page.get_by_text("My make is not in the list").click()
    expect(page.locator("#id_other_make")).to_be_focused()
    page.keyboard.type("Roewe")
    expect(page.locator("#save-state")).to_contain_text("Not saved yet")
    page.unroute("**/save/")
    page.reload()
    expect(page.locator("#id_other_make")).to_be_visible()
    expect(page.locator("#id_make option:checked")).to_have_text("Not in the list")
    assert Listing.objects.get(pk=draft.pk).other_make == "Roewe"


def test_a_body_that_could_not_be_saved_yet_outlives_a_press_on_the_make(page, draft, cars):
    said = verdict(model_sure=0.6, others=[("Audi", "A4", 0.2)])
    listing_verdict_set(
        listing_id=draft.pk, verdict={**said, "body": {"name": "wagon", "confidence": 0.9, "threshold": 0.8}}
    )
    page.goto(f"/sell/{draft.code}/")
    page.route("**/save/", lambda route: route.abort())
    expect(page.locator("#id_body")).to_have_value("wagon")
    page.locator("#id_body").select_option("hatchback")
    expect(page.locator("#save-state")).to_contain_text("Not saved yet")
    page.unroute("**/save/")
    page.get_by_role("button", name="Audi A4").click()
    expect(page.locator("#id_make option:checked")).to_have_text("Audi", timeout=8_000)  # a retry comes after 3 s
    expect(page.locator("#id_body")).to_have_value("hatchback")
    expect(page.locator("#field-body")).not_to_have_class("field field--wide field--filled")
    row = Listing.objects.get(pk=draft.pk)
    assert (row.car_model, row.body, row.autofilled) == (cars["A4"], "hatchback", [])


def go_back(page):
    page.evaluate("window.history.back()")
    page.wait_for_url(lambda url: not url.endswith("/submit/"))
    page.wait_for_timeout(500)


def test_going_back_after_a_submit_that_lacked_something_saves_again(page, draft, cars):
    page.goto(f"/sell/{draft.code}/")
    page.evaluate("window.addEventListener('pageshow', (event) => sessionStorage.setItem('back', event.persisted))")
    page.fill("#id_price", "100")
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("Almost there.")).to_be_visible()
    page.fill("#id_price", "200")
    expect(page.locator("#save-state")).to_have_text("Saved.")
    go_back(page)
    assert page.evaluate("sessionStorage.getItem('back')") == "true"
    expect(page.locator("#id_price")).to_have_value("200")  # the newer one
    page.fill("#id_place", "Brno")
    expect(page.locator("#save-state")).to_have_text("Saved.")
    row = Listing.objects.get(pk=draft.pk)
    assert (row.price, row.place) == (200, "Brno")


def test_going_back_after_a_submit_that_got_lost_saves_what_was_typed(page, draft, cars):
    page.goto(f"/sell/{draft.code}/")
    page.route("**/save/", lambda route: route.abort())
    page.route("**/submit/", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.fill("#id_place", "Brno")
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("Bad gateway")).to_be_visible()
    page.unroute("**/save/")
    go_back(page)
    expect(page.locator("#id_place")).to_have_value("Brno")
    for _ in range(200):
        if Listing.objects.get(pk=draft.pk).place == "Brno":
            return
        page.wait_for_timeout(50)
    pytest.fail("what was typed was not saved")


def test_photos_are_put_in_order_and_removed_without_losing_ones_place(page, draft, put_photo):
    first, second = (put_photo(draft, status="done", outcome="ok", position=place) for place in range(2))
    page.goto(f"/sell/{draft.code}/")
    tiles = page.locator("li.tile")
    page.locator(f"#cover-{second.pk}").focus()
    page.keyboard.press("Enter")
    expect(tiles.first).to_have_id(f"tile-{second.pk}")
    expect(page.locator(f"#cover-{second.pk}")).to_be_focused()
    page.locator(f"#delete-{second.pk}").focus()
    page.keyboard.press("Enter")
    expect(tiles).to_have_count(1)
    expect(page.locator(f"#delete-{first.pk}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(tiles).to_have_count(0)
    expect(page.locator("#id_photo")).to_be_focused()


def test_a_car_is_described_with_the_keys_alone(page, draft, cars, put_photo):
    put_photo(draft)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/sell/{draft.code}/")
    # Past the photos with one link.
    page.get_by_role("link", name="The car").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#car') !== null")

    # Make and model by their first letters.
    for name, typed, chosen in (("Make", "volks", "Volkswagen"), ("Model", "go", "Golf")):
        field = page.get_by_role("combobox", name=name, exact=True)
        expect(page.locator("option", has_text=chosen)).to_be_attached()
        field.focus()
        page.keyboard.type(typed)
        expect(page.get_by_role("option", name=chosen)).to_be_visible()
        with page.expect_response("**/save/"):
            page.keyboard.press("Enter")
        expect(page.get_by_role("combobox", name=name, exact=True)).to_have_value(chosen)

    # A number and its unit belong together, whichever comes last.
    page.locator("#id_mileage_km").fill("60 000")
    page.locator("#id_mileage_unit").select_option("mi")

    # Equipment is found by its words.
    page.locator("#equipment summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Find in the list").focus()
    page.keyboard.type("tow")
    expect(page.get_by_role("checkbox", name="Heated seats")).to_be_hidden()
    page.get_by_role("checkbox", name="Tow bar").focus()
    page.keyboard.press("Space")
    expect(page.locator("#equipment summary")).to_contain_text("1 chosen")

    # What is unlikely is asked where it was typed, and answered with one press.
    page.locator("#id_price").fill("1")
    answer = page.locator("#ask-price button")
    expect(page.locator("#ask-price")).to_contain_text("Do you really ask 1 EUR for the car?")
    answer.focus()
    page.keyboard.press("Enter")
    expect(answer).to_have_count(0)
    expect(page.locator("#save-state")).to_have_text("Saved.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    row = Listing.objects.get(pk=draft.pk)
    assert (row.car_model, row.mileage_km, row.equipment) == (cars["Golf"], 96_561, ["tow_bar"])
    assert row.confirmed == ["low_price:1:EUR"]
    page.reload()
    expect(page.get_by_role("combobox", name="Make", exact=True)).to_have_value("Volkswagen")
    expect(page.locator("#id_mileage_km")).to_have_value("60000")
