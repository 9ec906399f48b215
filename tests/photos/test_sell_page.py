"""The sell page while the world around it changes, in a real browser."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from marketplace.listings.models import Listing
from tests.factories import ListingFactory, PhotoFactory
from tests.live_page import sign_in
from tests.pictures import car_like, encode

pytestmark = pytest.mark.django_db(transaction=True)


def test_at_no_step_does_the_end_of_a_session_cost_anything(page, alice, tmp_path):
    draft = ListingFactory(seller=alice, finished=True)
    photos = [PhotoFactory(listing=draft, with_files=True, done=True, position=place) for place in range(2)]
    tiles, state, notice = page.locator("li.tile"), page.locator("#save-state"), page.locator("#signed-out")
    page.goto(f"/sell/{draft.code}/")

    # Typing: it says so in place, keeps everything, and comes back to the field.
    Session.objects.all().delete()
    page.locator("#id_description").fill("Garaged.")
    page.locator("#id_description").blur()
    expect(state).to_have_text("Not saved: you are signed out.")
    expect(notice).to_contain_text("What you typed stays on this page.")
    # Photos: neither removing nor moving one brings a foreign page into the column.
    page.locator(f"#delete-{photos[0].pk}").click()
    page.wait_for_timeout(300)
    expect(tiles).to_have_count(2)
    expect(page.locator("input[name=password]")).to_have_count(0)
    notice.get_by_role("link").click()
    sign_in(page, alice.email)
    page.wait_for_url(f"**/sell/{draft.code}/")
    expect(page.locator("#id_description")).to_have_value("Garaged.")
    expect(page.locator("#id_description")).to_be_focused()
    expect(state).to_have_text("Saved.")

    # Uploading: the file waits here; signing in happens in another window.
    Session.objects.all().delete()
    car = tmp_path / "car.jpg"
    car.write_bytes(encode(car_like()))
    page.locator("#id_photo").set_input_files(car)
    expect(page.locator(".upload__says")).to_contain_text("signed out")
    with page.expect_popup() as opened:
        notice.get_by_role("link").click()
    other = opened.value
    sign_in(other, alice.email)
    other.wait_for_url(f"**/sell/{draft.code}/")
    page.bring_to_front()
    page.get_by_role("button", name="Try again").click()
    expect(tiles).to_have_count(3)
    expect(notice).to_have_count(0)

    # Two windows: the newer state is told before it is overwritten, and either can be had.
    other.locator("#id_price").fill("7 000")
    other.locator("#id_price").blur()
    expect(other.locator("#save-state")).to_have_text("Saved.")
    page.locator("#id_price").fill("6 000")
    page.locator("#id_price").blur()
    expect(page.locator("#id_price_error")).to_contain_text("Meanwhile this became “7000” in another window.")
    assert Listing.objects.get(pk=draft.pk).price == 7_000
    page.get_by_role("button", name="Keep mine").click()
    expect(state).to_have_text("Saved.")
    expect(page.locator("#id_price_error")).to_be_empty()
    assert Listing.objects.get(pk=draft.pk).price == 6_000
    other.close()

    # Submitting: what was typed a moment before comes back with the page; pressed again, it is in.
    Session.objects.all().delete()
    page.locator("#id_place").fill("Graz")
    page.get_by_role("button", name="Submit for review").click()
    expect(page.get_by_text("Your session had ended before this could be stored.")).to_be_visible()
    sign_in(page, alice.email)
    page.wait_for_url(f"**/sell/{draft.code}/")
    expect(page.locator("#id_place")).to_have_value("Graz")
    expect(state).to_have_text("Saved.")
    page.get_by_role("button", name="Submit for review").click()
    page.wait_for_url("**/sent/")
    row = Listing.objects.get(pk=draft.pk)
    assert (row.status, row.place, row.description) == ("submitted", "Graz", "Garaged.")
    page.wait_for_load_state("networkidle")
    kept = page.evaluate("Object.keys(sessionStorage)")
    assert [key for key in kept if draft.code in key] == []
