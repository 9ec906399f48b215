"""What the seller's page says of a verdict: a finding only if it was filled in, else a guess."""

import pytest

from marketplace.listings.guesses import Says, guess_of
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_update, listing_verdict_set
from tests.factories import ListingFactory, PhotoFactory, PredictionFactory, verdict_of
from tests.listings.conftest import verdict

HTMX = {"HX-Request": "true"}


def guess(draft, said, **typed):
    draft = listing_verdict_set(listing_id=draft.pk, verdict=said)
    if typed:
        draft = listing_update(listing=draft, values=typed)
    return guess_of(listing=draft)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (verdict(), Says.MODEL),
        (verdict(model_sure=0.7), Says.MAKE),
        (verdict(make_sure=0.6, model_sure=0.5), Says.PERHAPS),
        (verdict(make_sure=0.6, model_sure=0.2), Says.PERHAPS_MAKE),
        (verdict(make_sure=0.3, model_sure=0.2), Says.UNKNOWN),
        (verdict(make_sure=0.3, model_sure=0.15, alike=("Audi A4",)), Says.PERHAPS),
    ],
)
def test_it_says_no_more_than_the_photos_are_worth(draft, cars, said, says):
    found = guess(draft, said)
    assert found.says is says
    assert bool(found.suggestions) is (says is not Says.UNKNOWN)


def test_without_photos_it_says_nothing(draft):
    assert guess_of(listing=draft) is None


def test_a_model_is_only_named_under_its_make(draft, cars):
    # The likeliest model is a Golf, and yet the likeliest make is Audi, by the sum of its models.
    said = verdict_of(("Volkswagen", "Golf", 0.4), ("Audi", "A3", 0.3), ("Audi", "A4", 0.28), thresholds=(0.9, 0.9))
    said["make"] = {"name": "Audi", "confidence": 0.58}
    found = guess(draft, said)
    assert (found.says, found.make.name, found.best.car_model) == (Says.PERHAPS, "Audi", cars["A3"])
    assert [one.make.name for one in found.suggestions] == ["Audi", "Audi", "Volkswagen"]


def test_of_a_make_that_the_seller_chose_only_its_models_are_offered(draft, cars):
    found = guess(draft, verdict(make_sure=0.6, model_sure=0.5, others=[("Audi", "A4", 0.3)]), make=cars["A4"].make)
    assert (found.says, [one.car_model for one in found.suggestions]) == (Says.PERHAPS, [cars["A4"]])
    draft.refresh_from_db()
    assert guess(draft, verdict(make_sure=0.6, model_sure=0.5)).says is Says.UNKNOWN


@pytest.mark.parametrize("typed", [{"other_make": "Roewe"}, {"make": "Golf", "car_model": "Golf"}])
def test_when_the_seller_chose_the_panel_folds_and_does_not_argue(seller, draft, cars, typed):
    values = {name: cars[word].make if name == "make" else cars.get(word, word) for name, word in typed.items()}
    assert (
        guess(draft, verdict(make_sure=0.6, model_sure=0.5, others=[("Audi", "A4", 0.3)]), **values).says is Says.CHOSEN
    )
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    assert '<details class="verdict"' in page
    assert "The photos look like" not in page
    assert "Perhaps" not in page


def test_a_guess_is_worded_as_one(seller, draft, cars):
    guess(draft, verdict(make_sure=0.69, model_sure=0.69))
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    assert "Perhaps Volkswagen Golf" in page
    assert "Filled in from your photos" not in page


def test_years_are_the_classs_or_else_the_models(draft, cars):
    Listing.objects.update()
    cars["Golf"].first_year, cars["A4"].first_year, cars["A4"].last_year = 1974, 1994, 2024
    cars["Golf"].save()
    cars["A4"].save()
    said = verdict(make_sure=0.6, model_sure=0.5, others=[("Audi", "A4", 0.3), ("Audi", "A3", 0.1)])
    said["candidates"][2]["years"] = "2012-2020"
    years = {one.car_model.name: one.years for one in guess(draft, said).suggestions}
    assert years == {"Golf": "1974–", "A4": "1994–2024", "A3": "2012–2020"}


def test_a_candidate_is_shown_as_it_is_on_sale_here(draft, cars, put_live):
    PhotoFactory(listing=put_live("Golf"))
    newest = PhotoFactory(listing=put_live("Golf"))
    PhotoFactory(listing=ListingFactory(submitted=True, car_model=cars["A4"]))
    found = guess(draft, verdict(make_sure=0.6, model_sure=0.5, others=[("Audi", "A4", 0.3)]))
    assert [one.photo for one in found.suggestions] == [newest, None]


def test_who_is_not_known_is_searched_for_and_chosen_with_one_press(seller, client, draft, cars, charlie):
    guess(draft, verdict(make_sure=0.1, model_sure=0.1))
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    assert "We do not know this car." in page
    assert "Volkswagen Golf" not in page
    address = f"/sell/{draft.code}/find/"
    found = seller.get(address, {"q": "gol"}, headers=HTMX).content.decode()
    choice = f'value="{cars["Golf"].make_id}:{cars["Golf"].pk}"'
    assert choice in found
    assert choice in seller.get(f"/sell/{draft.code}/", {"q": "gol"}).content.decode()  # without JavaScript
    assert "Nothing in the list matches." in seller.get(address, {"q": "warp drive"}, headers=HTMX).content.decode()
    client.force_login(charlie)
    assert client.get(address, {"q": "gol"}).status_code == 404


def test_the_outline_of_what_was_looked_at_is_there_on_demand(seller, draft, cars):
    photo = PhotoFactory(listing=draft, done=True)
    PredictionFactory(photo=photo, box=[10, 20, 110, 220])
    guess(draft, verdict())
    page = seller.get(f"/sell/{draft.code}/").content.decode()
    assert "Show what we looked at" in page
    assert '<rect x="10" y="20" width="100" height="200"' in page
