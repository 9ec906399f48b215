"""What an advertisement says besides make and model: units, questions, the telephone number."""

from datetime import date
from decimal import Decimal

import pytest
from django.http import QueryDict

from marketplace.catalogue.datafile import catalogue_read
from marketplace.catalogue.models import Make
from marketplace.catalogue.names import name_key
from marketplace.listings.details.electric import _BY_MAKE
from marketplace.listings.details.questions import ListingQuestioned, questions_of
from marketplace.listings.details.units import km_of_miles, kw_of_ps, miles_of_km, ps_of_kw
from marketplace.listings.forms import ListingForm
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_create, listing_submit, listing_update
from tests.factories import CarModelFactory, ListingFactory, MakeFactory

HTMX = {"HX-Request": "true"}


def typed(draft, **values):
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    form = ListingForm(data, listing=draft)
    wrong = form.wrong()
    return form.values(), wrong


def test_what_was_typed_in_miles_or_ps_comes_back_as_it_was():
    assert all(miles_of_km(km_of_miles(miles)) == miles for miles in range(0, 300_000, 7))
    assert all(ps_of_kw(kw_of_ps(ps)) == ps for ps in range(1, 2_000))


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        ({"mileage_km": "60 000", "mileage_unit": "mi"}, {"mileage_km": 96_561, "mileage_unit": "mi"}),
        ({"mileage_km": "60 000 miles", "mileage_unit": "mi"}, {"mileage_km": 96_561, "mileage_unit": "mi"}),
        ({"power_kw": "104 PS", "power_unit": "ps"}, {"power_kw": Decimal("76.5"), "power_unit": "ps"}),
        ({"power_kw": "110"}, {"power_kw": Decimal(110)}),
        ({"inspection_until": "3.27"}, {"inspection_until": date(2027, 3, 1)}),
        ({"inspection_until": "2027-03"}, {"inspection_until": date(2027, 3, 1)}),
        ({"registered_month": "3"}, {"registered_month": 3}),
        ({"equipment": ["", "tow_bar", "abs"]}, {"equipment": ["abs", "tow_bar"]}),
        ({"equipment": ["", "minibar"]}, {"equipment": []}),
        ({"negotiable": ["", "on"]}, {"negotiable": True}),
        ({"negotiable": [""]}, {"negotiable": False}),
        ({"telephone": "+49 (151) 234-567"}, {"telephone": "+49 (151) 234-567"}),
    ],
)
def test_it_is_read_as_people_write_it(draft, values, stored):
    assert typed(draft, **values) == (stored, {})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"mileage_km": "60 000 km", "mileage_unit": "mi"}, "mileage_km"),
        ({"power_kw": "150 kW", "power_unit": "ps"}, "power_kw"),
        ({"inspection_until": "13/2027"}, "inspection_until"),
        ({"registered_month": "13"}, "registered_month"),
        ({"doors": "12"}, "doors"),
        ({"telephone": "call me"}, "telephone"),
        ({"country": "Atlantis"}, "country"),
    ],
)
def test_what_it_cannot_be_is_one_clear_line(draft, values, field):
    _, wrong = typed(draft, **values)
    assert list(wrong) == [field]


def test_all_of_it_is_on_the_form_on_the_page_and_in_the_api(seller, client, alice, cars):
    listing = ListingFactory(seller=alice, live=True, detailed=True, car_model=cars["Golf"], mileage_unit="mi")
    page = client.get(listing.get_absolute_url()).content.decode()
    for words in (
        "62\u202f137\u00a0miles", "110\u00a0kW (150\u00a0PS)", "03/2012", "Negotiable", "VAT reclaimable",
        "602 00 Brno, Czechia", "Tow bar", "Front-wheel drive", "Yes</dd>",
    ):  # fmt: skip
        assert words in page, words
    assert listing.telephone not in page
    car = client.get(f"/api/v1/listings/{listing.code}/").json()
    assert (car["power_kw"], car["equipment"], car["country"]) == ("110.0", ["climate_control", "tow_bar"], "CZ")
    assert (car["has_telephone"], "telephone" in car) == (True, False)
    form = seller.get(f"/sell/{listing.code}/").content.decode()
    assert 'value="62137"' in form
    assert 'value="tow_bar" id="id_equipment_tow_bar" checked' in form


def test_a_box_that_is_unticked_is_stored(seller, draft):
    save = f"/sell/{draft.code}/save/"
    seller.post(save, {"equipment": ["", "abs", "led"], "negotiable": ["", "on"]}, headers=HTMX)
    seller.post(save, {"equipment": ["", "led"], "negotiable": ""}, headers=HTMX)
    draft.refresh_from_db()
    assert (draft.equipment, draft.negotiable) == (["led"], False)


def test_a_new_draft_begins_where_the_last_one_was(alice):
    ListingFactory(seller=alice, live=True, detailed=True, currency="CZK", mileage_unit="mi")
    draft = listing_create(seller=alice)
    assert (draft.currency, draft.mileage_unit, draft.country, draft.place) == ("CZK", "mi", "CZ", "Brno")
    assert (draft.telephone, draft.touched) == ("", [])


@pytest.fixture
def sens(db):
    return CarModelFactory(make__name="ZAZ", name="Sens", first_year=2004, last_year=2017)


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, []),
        ({"year": 1950, "mileage_km": 900_000}, ["before_model"]),
        ({"year": 2020}, ["after_model"]),
        ({"fuel": "electric"}, ["electric_model"]),
        ({"price": 0}, ["low_price"]),
        ({"price": 1}, ["low_price"]),
        ({"price": 300, "currency": "CZK"}, ["low_price"]),
        ({"mileage_km": 5, "year": 2006}, ["little_driven"]),
        ({"mileage_km": 1_500_000}, ["much_driven"]),
        ({"power_kw": Decimal(5)}, ["power"]),
        ({"inspection_until": date(2099, 1, 1)}, ["inspection"]),
    ],
)
def test_what_is_unlikely_is_asked(alice, sens, values, codes):
    listing = ListingFactory(seller=alice, finished=True, car_model=sens, **values)
    assert [question.code for question in questions_of(listing)] == codes
    assert all("%" not in question.words for question in questions_of(listing))


@pytest.mark.parametrize(("make", "model"), [("Volkswagen", "Golf"), ("Renault", "Zoé")])
def test_a_model_that_was_sold_electric_surprises_nobody(alice, make, model):
    car = CarModelFactory(make__name=make, name=model, first_year=1974)
    listing = ListingFactory(seller=alice, finished=True, car_model=car, fuel="electric", year=2018)
    assert questions_of(listing) == []


def test_every_electric_model_is_named_as_in_the_catalogue():
    known = {(name_key(make.name), name_key(model.name)) for make in catalogue_read() for model in make.models}
    listed = {(name_key(make), name_key(model)) for make, models in _BY_MAKE.items() for model in models.split(", ")}
    assert listed <= known


def test_a_question_is_answered_with_one_press_and_asked_again_of_another_value(seller, finished, put_photo):
    put_photo(finished)
    save, submit = f"/sell/{finished.code}/save/", f"/sell/{finished.code}/submit/"
    assert "Do you really ask 1 EUR for the car?" in seller.post(save, {"price": "1"}, headers=HTMX).content.decode()
    refused = seller.post(submit, {"place": "Brno"})
    assert refused.status_code == 422
    assert "Is this right?" in refused.content.decode()
    assert 'name="asked" value="low_price:1:EUR"' in refused.content.decode()
    seller.post(save, {"answer": "low_price:1:EUR"}, headers=HTMX)
    listing_update(listing=finished, values={"price": Decimal(2)})
    assert seller.post(submit, {}).status_code == 422
    assert seller.post(submit, {"answer_all": "yes", "asked": ["low_price:2:EUR"]}).status_code == 302
    finished.refresh_from_db()
    assert (finished.status, finished.confirmed) == ("submitted", ["low_price:2:EUR"])


def test_nothing_unlikely_is_handed_in_or_shown_to_buyers_unasked(alice, finished, put_photo, put_live):
    put_photo(finished)
    listing_update(listing=finished, values={"mileage_km": 5})
    with pytest.raises(ListingQuestioned):
        listing_submit(listing=finished, by=alice)
    live = put_live(price=9000)
    with pytest.raises(ListingQuestioned):
        listing_update(listing=live, values={"price": Decimal(9)})
    live.refresh_from_db()
    assert live.price == 9000


def test_a_live_price_is_asked_about_on_its_page(seller, put_live):
    live = put_live(price=9000)
    said = {"price": "90", "currency": "EUR", "mileage_km": "100000", "place": "Brno"}
    answer = seller.post(f"/sell/{live.code}/save/", said)
    assert answer.status_code == 422
    assert "Do you really ask 90 EUR for the car?" in answer.content.decode()
    assert (
        seller.post(f"/sell/{live.code}/save/", {**said, "asked": "low_price:90:EUR", "answer_all": "yes"}).status_code
        == 302
    )
    live.refresh_from_db()
    assert live.price == 90


def test_a_number_is_shown_after_a_press_and_counted_once_for_each_visitor(client, alice, charlie, put_live):
    live = put_live(telephone="+420 601 123 456")
    press = f"/cars/{live.code}/telephone/"
    assert client.get(press).status_code == 405
    for _ in range(2):
        assert "+420 601 123 456" in client.post(press, headers=HTMX).content.decode()
    assert "+420 601 123 456" in client.post(press).content.decode()  # the whole page, without JavaScript
    client.force_login(alice)
    client.post(press)
    live.refresh_from_db()
    assert live.telephone_shown == 1
    Listing.objects.update(status="withdrawn")
    client.force_login(charlie)
    assert client.post(press).status_code == 404
    Listing.objects.update(status="sold")
    assert "+420 601 123 456" not in client.post(press).content.decode()


def test_one_visitor_does_not_collect_numbers(client, put_live, settings):
    settings.ACCOUNT_RATE_LIMITS = {"telephone": "1/h/ip"}
    first, second = put_live(telephone="601 123 456"), put_live(telephone="602 123 456")
    assert "601 123 456" in client.post(f"/cars/{first.code}/telephone/").content.decode()
    assert "602 123 456" not in client.post(f"/cars/{second.code}/telephone/").content.decode()
    assert "601 123 456" in client.post(f"/cars/{first.code}/telephone/").content.decode()


def test_makes_stand_where_people_look_for_them(db):
    for name in ("Suzuki", "smart", "Volvo", "Škoda", "SEAT", "Citroën", "Dacia", "BMW"):
        MakeFactory(name=name)
    names = [make.name for make in Make.objects.all()]
    assert names == ["BMW", "Citroën", "Dacia", "SEAT", "Škoda", "smart", "Suzuki", "Volvo"]
