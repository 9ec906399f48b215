"""The sell page while the world around it changes, in a real browser."""

from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from PIL import Image
from playwright.sync_api import expect

from marketplace.listings.models import Listing
from marketplace.moderation.policy.services import review_submitted
from marketplace.photos.models import Photo
from marketplace.photos.services import photo_add
from tests.cutting_proxy import CuttingProxy
from tests.factories import ListingFactory, PhotoFactory
from tests.live_page import sign_in
from tests.pictures import blobs, car_like, encode

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
    expect(page.get_by_text("Your session has ended. Sign in and go on: what you typed is kept.")).to_be_visible()
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


@pytest.fixture
def proxy(live_server):
    proxy = CuttingProxy(urlsplit(live_server.url).port)
    yield proxy
    proxy.close()


def test_photos_survive_a_cut_connection_and_are_put_right(page, alice, proxy, settings, tmp_path):
    settings.PHOTO_MAX_BYTES = 2_000_000
    draft = ListingFactory(seller=alice)
    tiles, uploads = page.locator("li.tile"), page.locator(".upload")
    page.context.add_cookies([{**cookie, "domain": "127.0.0.1"} for cookie in page.context.cookies()])
    page.goto(f"http://127.0.0.1:{proxy.port}/sell/{draft.code}/")

    # The connection is cut in the middle of an upload; one press, and the photo is there once.
    car = tmp_path / "car.jpg"
    car.write_bytes(encode(noise(900, 700), quality=90))
    proxy.cut_uploads(100, after=100_000)  # Chromium itself tries some more times
    page.locator("#id_photo").set_input_files(car)
    expect(uploads).to_contain_text("The connection broke. Nothing is lost")
    assert proxy.cut >= 1
    proxy.cut_uploads(0, after=0)
    page.get_by_role("button", name="Try again: car.jpg").click()
    expect(tiles).to_have_count(1)
    expect(uploads).to_have_count(0)
    assert Photo.objects.filter(listing=draft).count() == 1

    # One that takes long is cancelled, and leaves nothing.
    page.route("**/photos/", lambda route: None)  # hangs
    page.locator("#id_photo").set_input_files(car)
    page.get_by_role("button", name="Cancel: car.jpg").click()
    expect(uploads).to_have_count(0)
    page.unroute("**/photos/")

    # A file over the limit is made smaller here, and stands upright as its EXIF says.
    large, exif = tmp_path / "large.jpg", Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    large.write_bytes(encode(noise(2700, 1800), quality=95, exif=exif))
    assert large.stat().st_size > settings.PHOTO_MAX_BYTES
    page.locator("#id_photo").set_input_files(large)
    expect(tiles).to_have_count(2)
    first, second = Photo.objects.filter(listing=draft)
    assert second.width * 3 == pytest.approx(second.height * 2, rel=0.01)

    # It is dragged to the front, and is the cover from now on.
    with page.expect_response("**/move/"):
        page.locator(f"#tile-{second.pk} [data-grip]").drag_to(page.locator(f"#tile-{first.pk}"))
    expect(tiles.first).to_have_id(f"tile-{second.pk}")
    expect(tiles.first).to_contain_text("Cover")
    page.wait_for_timeout(300)
    assert [photo.chosen_cover for photo in Photo.objects.filter(listing=draft)] == [True, False]

    # Turned; seen over the whole screen with the keys alone; removed, and back again.
    page.locator(f"#rotate-{second.pk}").press("Enter")
    expect(page.locator(f"#tile-{second.pk}")).to_have_count(0)
    expect(tiles).to_have_count(2)
    turned = Photo.objects.filter(listing=draft).first()
    assert (turned.width, turned.height, turned.status) == (second.height, second.width, "pending")
    tiles.first.get_by_role("link").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 / 2")
    page.keyboard.press("ArrowRight")
    expect(dialog).to_contain_text("2 / 2")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(tiles.nth(1).get_by_role("link")).to_be_focused()
    page.locator(f"#delete-{first.pk}").click()
    expect(tiles).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(tiles).to_have_count(2)
    expect(tiles.nth(1)).to_have_id(f"tile-{first.pk}")


def test_a_copy_of_another_sellers_photo_is_told_to_whoever_has_to_know(page, alice, bob, charlie, tmp_path):
    theirs = ListingFactory(seller=charlie, live=True)
    photo = photo_add(listing=ListingFactory(seller=charlie), data=encode(blobs(5)), filename="a.jpg")
    Photo.objects.filter(pk=photo.pk).update(listing=theirs)
    mine = ListingFactory(seller=alice, finished=True)

    # In one's own advertisement: said beside the photo, and dropped with one press.
    files = [tmp_path / name for name in ("taken.jpg", "smaller.jpg")]
    files[0].write_bytes(encode(blobs(5), quality=60))
    files[1].write_bytes(encode(blobs(5).resize((400, 300)), quality=60))
    page.goto(f"/sell/{mine.code}/")
    for number, file in enumerate(files, start=1):
        page.locator("#id_photo").set_input_files(file)
        expect(page.locator("li.tile")).to_have_count(number)
    expect(page.get_by_text("The same picture as photo 1.")).to_have_count(1)
    page.get_by_role("button", name="Drop it").click()
    expect(page.locator("li.tile")).to_have_count(1)
    page.locator("#id_photo").set_input_files(files[0])
    expect(page.locator(".upload__says")).to_have_text("This photo is in your advertisement already.")
    page.get_by_role("button", name="Submit for review").click()
    page.wait_for_url("**/sent/")
    assert "another seller" not in page.content()  # nobody is accused by a machine

    # In another seller's: a moderator sees both side by side.
    review_submitted()
    page.context.clear_cookies()
    page.goto(f"/accounts/login/?next=/moderate/{mine.code}/")
    sign_in(page, bob.email)
    copies = page.get_by_role("region", name="1 photo is also in another seller's advertisement")
    expect(copies.get_by_role("img")).to_have_count(2)
    expect(copies).to_contain_text("The same picture in another file")
    copies.get_by_role("link", name=theirs.title).click()
    page.wait_for_url(f"**/moderate/{theirs.code}/")


def noise(width, height):
    """A picture that stays large however it is compressed."""
    return Image.effect_noise((width, height), 60).convert("RGB")
