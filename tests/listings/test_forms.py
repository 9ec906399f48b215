"""What the seller's form and the buyers' filters make of what people type."""

import pytest
from django.http import QueryDict

from marketplace.listings.forms import ListingForm
from marketplace.listings.search.criteria import Criteria, Range
from marketplace.listings.search.forms import SearchForm
from marketplace.numbers import plain_number


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("12500", "12500"),
        ("12 500", "12500"),
        ("12\u202f500", "12500"),
        ("12.500", "12500"),
        ("12,500", "12500"),
        ("12,500.50", "12500.50"),
        ("12.500,50", "12500.50"),
        ("1.250.000", "1250000"),
        ("99,5", "99.5"),
        ("abc", "abc"),
    ],
)
def test_a_number_is_read_with_thousands_and_decimals(typed, plain):
    assert plain_number(typed) == plain


def test_the_form_checks_only_what_was_posted(draft, cars):
    form = ListingForm(QueryDict("year=1066&place=Brno"), listing=draft)
    assert form.values() == {"place": "Brno"} if form.is_valid() else form.wrong()
    assert form.wrong() == {"year": "The year cannot be before 1900."}
    assert form.values() == {"place": "Brno"}


def test_a_make_that_the_form_merely_showed_is_not_the_persons_word(draft, cars):
    make = cars["Golf"].make_id
    form = ListingForm(QueryDict(f"make={make}&shown_make={make}&place=Brno"), listing=draft)
    assert form.posted() == ["place"]


@pytest.mark.parametrize("value", ["abc", "9" * 40, "-1", "²"])
def test_nonsense_keys_are_one_clear_line(draft, cars, value):
    data = QueryDict(mutable=True)
    data.update({"make": value, "car_model": value})
    form = ListingForm(data, listing=draft)
    assert form.wrong() == {
        "make": "Choose a make from the list.",
        "car_model": "Choose a model of this make.",
    }


def test_filters_that_make_no_sense_are_left_out(db):
    form = SearchForm(QueryDict("price_min=cheap&year_min=2010&make=nobody&sort=magic&q=golf"))
    assert form.criteria() == Criteria(words="golf", ranges={"year": Range(2010, None)})


def test_filters_that_are_left_out_are_said_with_how_to_write_them(client, db):
    page = client.get(
        "/?price_min=12.500,000&price_max=12 500 €&currency=EUR&year_min=soon&make=nobody"
    ).content.decode()
    assert "<strong>Lowest price</strong> is left out: A price has at most two decimals." in page
    assert "<strong>First year</strong> is left out: Write the year as four digits" in page
    assert "There is no make of this name." in page
    assert "Highest price</strong> is left out" not in page


def test_a_price_in_another_currency_than_the_chosen_one_is_not_stored(draft):
    other = ListingForm(QueryDict("price=12 500 zł"), listing=draft)
    assert other.wrong()["price"].startswith("Choose this currency")
    both = ListingForm(QueryDict("price=12 500 zł&currency=PLN"), listing=draft)
    assert both.wrong() == {}
    assert both.values() == {"price": 12_500, "currency": "PLN"}
