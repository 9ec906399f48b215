"""My cars: what a seller sees of each car, and one press for each step."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.listings.life.steps import RULES, Role, Step
from marketplace.listings.models import Listing
from marketplace.listings.views_life import PRESSES
from tests.factories import ListingFactory

STEPS = [
    # page, from, to, a part of what the seller reads
    ("take-back", "submitted", "draft", "is a draft again"),
    ("reserve", "live", "reserved", "is reserved"),
    ("unreserve", "reserved", "live", "is free again"),
    ("sold", "reserved", "sold", "Congratulations"),
    ("not-sold", "sold", "live", "is on sale again"),
    ("withdraw", "live", "withdrawn", "nobody else can see it"),
    ("put-back", "withdrawn", "live", "is on sale again"),
    ("renew", "expired", "live", "for another 60 days"),
    ("delete", "withdrawn", "deleted", "For 14 days you can bring it back"),
    ("restore", "deleted", "draft", "as it was"),
]
PAGES = sorted({page for page, *_ in STEPS})


@pytest.mark.parametrize("page", PAGES)
def test_the_outsider_finds_nothing(client, alice, charlie, page):
    client.force_login(charlie)
    for listing in [ListingFactory(seller=alice, **{status: True}) for status in Listing.Status.values]:
        assert client.post(f"/sell/{listing.code}/{page}/").status_code == 404
        before, listing.status = listing.status, ""
        listing.refresh_from_db()
        assert listing.status == before


@pytest.mark.parametrize("page", PAGES)
def test_a_visitor_is_asked_to_sign_in_and_a_link_changes_nothing(client, alice, page):
    listing = ListingFactory(seller=alice, live=True)
    address = f"/sell/{listing.code}/{page}/"
    assert client.post(address)["Location"].startswith("/accounts/login/")
    client.force_login(alice)
    assert client.get(address).status_code == 405
    listing.refresh_from_db()
    assert listing.status == "live"


@pytest.mark.parametrize(("page", "before", "after", "words"), STEPS)
def test_one_press_takes_the_step_and_says_so(seller, alice, page, before, after, words):
    listing = ListingFactory(seller=alice, **{before: True})
    address = f"/sell/{listing.code}/{page}/"
    assert f'action="{address}"' in seller.get("/my/").content.decode()
    answer = seller.post(address, follow=True).content.decode()
    assert words in answer
    listing.refresh_from_db()
    assert listing.status == after
    assert f'action="{address}"' not in answer


def test_every_step_of_a_seller_but_handing_in_is_one_press(seller, alice):
    assert {step for step, rule in RULES.items() if rule.by is Role.SELLER} - {Step.SUBMIT, Step.APPEAL} == set(PRESSES)
    for press in PRESSES.values():
        assert reverse(f"listings:{press.url}", args=["abc"])


@pytest.mark.parametrize("status", Listing.Status.values)
def test_every_state_is_shown_in_words_with_its_presses_only(seller, alice, status):
    listing = ListingFactory(seller=alice, **{status: True})
    page = seller.get("/my/").content.decode()
    assert f'<span class="chip chip--{status}">{listing.get_status_display().capitalize()}</span>' in page
    offered = set(re.findall(r'action="(/sell/[^"]+)"', page)) - {reverse("listings:appeal", args=[listing.code])}
    allowed = {
        reverse(f"listings:{PRESSES[step].url}", args=[listing.code])
        for step, rule in RULES.items()
        if rule.by is Role.SELLER
        and status in rule.moves
        and step in PRESSES
        and not (step is Step.RENEW and status != "expired")  # sixty days are left
    }
    if listing.make is not None:
        allowed.add(reverse("listings:duplicate", args=[listing.code]))
    assert offered == allowed
    editable = {"draft", "changes", "rejected", "live", "reserved", "withdrawn", "expired"}
    assert (f'href="/sell/{listing.code}/"' in page) is (status in editable)


def test_it_says_how_many_days_are_left(seller, alice):
    ListingFactory(seller=alice, live=True, expires_at=timezone.now() + timedelta(days=6, hours=1))
    assert "7 days left, until" in seller.get("/my/").content.decode()
    Listing.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "Ends today" in seller.get("/my/").content.decode()


@pytest.mark.parametrize(("days", "offered"), [(13, True), (20, False)])
def test_renewing_is_offered_when_the_end_is_near(seller, alice, days, offered):
    listing = ListingFactory(seller=alice, reserved=True, expires_at=timezone.now() + timedelta(days=days))
    assert (f'action="/sell/{listing.code}/renew/"' in seller.get("/my/").content.decode()) is offered


def test_what_came_too_late_changes_nothing_and_is_told(seller, alice):
    listing = ListingFactory(seller=alice, sold=True)
    answer = seller.post(f"/sell/{listing.code}/withdraw/", follow=True).content.decode()
    assert "This listing is sold by now; nothing was changed." in answer


def test_a_deleted_car_is_nowhere_but_among_what_can_be_undone(client, alice, bob):
    listing = ListingFactory(seller=alice, deleted=True)
    for person in (alice, bob):
        client.force_login(person)
        assert client.get(listing.get_absolute_url()).status_code == 404
        assert client.get(f"/api/v1/listings/{listing.code}/").status_code == 404
    client.force_login(alice)
    for page in ("", "sent/", "photos/tiles/"):
        assert client.get(f"/sell/{listing.code}/{page}").status_code == 404
    assert "Just deleted" in client.get("/my/").content.decode()
    listing.deleted_at = timezone.now() - timedelta(days=15)
    listing.save()
    answer = client.post(f"/sell/{listing.code}/restore/", follow=True).content.decode()
    assert "deleted too long ago" in answer


def test_the_price_of_a_live_car_is_changed_on_its_own_page(seller, put_live):
    listing = put_live(price=9000)
    page = seller.get(f"/sell/{listing.code}/").content.decode()
    assert "It stays on sale" in page
    assert 'name="make"' not in page
    answer = seller.post(
        f"/sell/{listing.code}/save/",
        {"price": "8 500", "currency": "EUR", "mileage_km": "100000", "place": "Brno", "description": ""},
        follow=True,
    )
    assert answer.redirect_chain[-1][0] == "/my/"
    listing.refresh_from_db()
    assert (listing.status, listing.price) == ("live", 8500)


def test_a_live_car_takes_all_of_a_form_or_none_of_it(seller, put_live):
    listing = put_live(price=9000)
    said = {"price": "", "currency": "EUR", "mileage_km": "lots", "place": "Praha", "description": ""}
    answer = seller.post(f"/sell/{listing.code}/save/", said)
    assert answer.status_code == 422
    assert "Write the mileage as a whole number" in answer.content.decode()
    answer = seller.post(f"/sell/{listing.code}/save/", {**said, "mileage_km": "1"})
    assert answer.status_code == 422
    assert "A car on sale needs this." in answer.content.decode()
    listing.refresh_from_db()
    assert (listing.price, listing.place, listing.mileage_km) == (9000, "Brno", 100_000)


def test_my_cars_cost_the_same_however_many(seller, put_live, put_photo, django_assert_num_queries):
    for _ in range(8):
        put_photo(put_live())
    with django_assert_num_queries(8):  # session, user, listings, photos; views, saves, threads; what is unread
        seller.get("/my/")


def test_a_car_is_duplicated_with_all_but_its_photos(client, seller, put_live, put_photo, charlie):
    live = put_live(price=9000, power_kw=110, telephone="601 123 456", certainty=0.9)
    put_photo(live)
    address = seller.post(f"/sell/{live.code}/duplicate/")["Location"]
    copy = Listing.objects.get(code=address.split("/")[-2])
    assert (copy.status, copy.car_model, copy.price, copy.power_kw) == ("draft", live.car_model, 9000, 110)
    assert (copy.photos.count(), copy.certainty, copy.revises) == (0, None, None)
    assert {"car_model", "price", "telephone"} <= set(copy.touched)
    client.force_login(charlie)
    assert client.post(f"/sell/{live.code}/duplicate/").status_code == 404


def test_many_cars_are_filtered_by_state_and_by_name(seller, alice, put_live):
    assert 'id="mine-q"' not in seller.get("/my/").content.decode()
    for _ in range(5):
        put_live("Golf")
    put_live("A4")
    ListingFactory(seller=alice, sold=True)

    def shown(query=""):
        return seller.get(f"/my/{query}").content.decode().count('class="mine__item"')

    page = seller.get("/my/").content.decode()
    assert "On sale 6" in page
    assert "Sold 1" in page
    assert (shown(), shown("?state=on-sale"), shown("?state=sold"), shown("?q=audi+a4"), shown("?state=magic")) == (
        7, 6, 1, 1, 7,
    )  # fmt: skip
    assert "None of your cars matches." in seller.get("/my/?q=trabant").content.decode()
