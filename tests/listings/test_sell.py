"""The seller's pages, tried by the seller, the outsider and a visitor."""

import pytest

from marketplace.listings.models import Listing
from marketplace.listings.services import listing_verdict_set
from tests.listings.conftest import verdict

PAGES = ["", "save/", "submit/", "sent/"]
POSTED = {"save/", "submit/"}


@pytest.mark.parametrize("page", PAGES)
def test_the_outsider_finds_nothing(client, draft, charlie, page):
    client.force_login(charlie)
    address = f"/sell/{draft.code}/{page}"
    assert (client.post(address) if page in POSTED else client.get(address)).status_code == 404
    assert Listing.objects.filter(pk=draft.pk, status="draft").exists()


@pytest.mark.parametrize("page", PAGES)
def test_a_visitor_is_asked_to_sign_in(client, draft, page):
    address = f"/sell/{draft.code}/{page}"
    answer = client.post(address) if page in POSTED else client.get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_it_starts_one_draft_and_uses_it_again_while_it_is_empty(seller):
    first = seller.get("/sell/")["Location"]
    assert seller.get("/sell/")["Location"] == first
    assert seller.post("/sell/")["Location"] == first
    assert Listing.objects.count() == 1


def test_it_offers_a_draft_that_was_begun(seller, draft):
    draft.touched, draft.place = ["place"], "Brno"
    draft.save()
    assert f"/sell/{draft.code}/" in seller.get("/sell/").content.decode()
    assert seller.post("/sell/")["Location"] != f"/sell/{draft.code}/"


def test_it_keeps_the_valid_fields_and_says_what_is_wrong_with_the_others(seller, draft):
    answer = seller.post(
        f"/sell/{draft.code}/save/",
        {"year": "1066", "price": "12 500", "mileage_km": "lots", "place": "Brno"},
        headers={"HX-Request": "true"},
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "The year cannot be before 1900." in page
    assert "Write the mileage as a whole number" in page
    draft.refresh_from_db()
    assert (draft.year, draft.price, draft.mileage_km, draft.place) == (None, 12_500, None, "Brno")
    assert draft.touched == ["place", "price"]


def test_another_make_brings_its_models(seller, draft, cars):
    page = seller.post(
        f"/sell/{draft.code}/save/", {"make": cars["A4"].make_id}, headers={"HX-Request": "true"}
    ).content.decode()
    assert 'id="car-fields"' in page
    assert ">A3</option>" in page
    assert ">Golf</option>" not in page


def test_autosave_of_one_field_leaves_what_the_photos_filled_in(seller, draft, cars):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    seller.post(f"/sell/{draft.code}/save/", {"place": "Brno"}, headers={"HX-Request": "true"})
    draft.refresh_from_db()
    assert (draft.car_model, draft.autofilled) == (cars["Golf"], ["car_model", "make"])


def test_a_form_opened_before_the_verdict_does_not_undo_it(seller, draft, cars):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    seller.post(f"/sell/{draft.code}/save/", {"make": "", "shown_make": "", "car_model": "", "shown_car_model": ""})
    draft.refresh_from_db()
    assert draft.car_model == cars["Golf"]


def test_a_candidate_is_one_press_away(seller, draft, cars):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict(others=[("Audi", "A4", 0.05)]))
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    choice = f"{cars['A4'].make_id}:{cars['A4'].pk}"
    assert f'value="{choice}"' in page
    assert "quite sure" in page
    seller.post(f"/sell/{draft.code}/save/", {"choose": choice}, headers={"HX-Request": "true"})
    draft.refresh_from_db()
    assert draft.car_model == cars["A4"]
    assert {"make", "car_model"} <= set(draft.touched)
    assert "The photos look like Volkswagen Golf" in seller.get(f"/sell/{draft.code}/").content.decode()


def test_pressing_the_candidate_that_was_filled_in_confirms_it(seller, draft, cars):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict())
    golf = f"{cars['Golf'].make_id}:{cars['Golf'].pk}"
    seller.post(f"/sell/{draft.code}/save/", {"choose": golf}, headers={"HX-Request": "true"})
    draft.refresh_from_db()
    assert (draft.touched, draft.autofilled) == (["car_model", "make"], [])


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("Audi A4", "Photos cannot tell them apart. We are very sure that it is one of them (97"),
        ("Volkswagen Up!", "but not of the model. Volkswagen Golf or Volkswagen Up!: photos cannot tell them apart."),
    ],
    ids=["of two makes", "of one make, which is filled in"],
)
def test_it_says_the_names_of_all_look_alikes(seller, draft, cars, other, words):
    listing_verdict_set(listing_id=draft.pk, verdict=verdict(model_sure=0.58, alike=(other,)))
    page = " ".join(seller.get(f"/sell/{draft.code}/").content.decode().split())
    assert words in page
    assert f"Volkswagen Golf or {other}" in page


@pytest.mark.parametrize(
    ("said", "offered", "words"),
    [
        (verdict(model_sure=0.9, others=[("Audi", "A4", 0.05), ("Audi", "A3", 0.04)]), 2, "Is it one of these?"),
        (verdict(model_sure=0.99, others=[("Audi", "A4", 0.01)]), 1, "Is it this one?"),
        (verdict(make_sure=0.2, model_sure=0.2, others=[("Audi", "A4", 0.18)]), 0, "We do not know this car."),
    ],
)
def test_a_stranger_is_not_offered(seller, draft, cars, said, offered, words):
    listing_verdict_set(listing_id=draft.pk, verdict=said)
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    assert page.count('class="candidate"') == offered
    assert words in page
    assert ("candidates-head" in page) is bool(offered)


def test_it_says_what_is_missing_at_its_field(seller, draft, cars):
    answer = seller.post(f"/sell/{draft.code}/submit/", {"place": "Brno", "year": "x"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("Please fill this in.") >= 10  # six fields, each in the summary and at the field
    assert "Write the year as four digits" in page
    draft.refresh_from_db()
    assert (draft.status, draft.place) == ("draft", "Brno")


def test_a_finished_draft_is_handed_in(seller, finished, put_photo):
    put_photo(finished)
    answer = seller.post(f"/sell/{finished.code}/submit/", {"description": "Garaged."})
    assert answer["Location"] == f"/sell/{finished.code}/sent/"
    finished.refresh_from_db()
    assert (finished.status, finished.description) == ("submitted", "Garaged.")
    assert b"What happens next" in seller.get(answer["Location"]).content
    # A second press of the button, or the draft in another tab:
    assert seller.post(f"/sell/{finished.code}/submit/", {"price": "1"}).status_code == 422
    assert (
        seller.post(f"/sell/{finished.code}/save/", {"price": "1"}, headers={"HX-Request": "true"}).status_code == 409
    )
    assert seller.get(f"/sell/{finished.code}/").status_code == 302
