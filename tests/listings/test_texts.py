"""Typed text is stored as readers see it; forms, services and all other writes clean it alike."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from marketplace.listings.forms import ListingForm
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_missing, listing_update
from marketplace.text_fields import ParagraphsFormField
from marketplace.texts import line_clean, paragraphs_clean
from tests.factories import PASSWORD, ListingFactory

# Zero width, direction, byte order mark, soft hyphen, control, tag, filler, annotation, selector,
# noncharacter, surrogate.
UNSEEN = (
    "\u200b\u2060\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad\x00\x07\x1b\x7f"
    "\x9f\U000e0001\U000e0067\u3164\uffa0\u115f\u034f\u17b4\u180e\ufff9\ufe0f\ufe00\U000e0100\u200c\u200d\uffff\ud800"
)
NEEDED = (
    "می‌خواهم",  # Persian: without the non-joiner its parts would join
    "श्री क्‍ष",  # Hindi
    "ශ්‍රී",  # Sinhala
    "അവന്‍",  # Malayalam in its older encoding: a joiner at the end of the word
    "👩🏽‍🔧 🏳️‍🌈 ❤️ 1️⃣",
    "٤\u0600",  # a visible sign, though in the category of format characters
)


@pytest.mark.parametrize("letter", UNSEEN, ids=lambda letter: f"U+{ord(letter):04X}")
def test_a_letter_that_nobody_can_see_is_gone(letter):
    for clean in (line_clean, paragraphs_clean):
        assert clean(f"Go{letter}lf{letter}") == "Golf"
        assert clean(f" {letter} {letter * 3}\n") == ""


@pytest.mark.parametrize("typed", ["Ka+\ufe0f", "Up!\ufe0f", "C\u200d3", "3\ufe0f", "Up!\u200d!"])
def test_a_selector_or_joiner_that_changes_nothing_is_gone(typed):
    assert line_clean(typed).isascii()


@pytest.mark.parametrize("text", NEEDED)
def test_what_changes_how_its_neighbours_are_drawn_stays(text):
    assert line_clean(text) == paragraphs_clean(text) == unicodedata.normalize("NFC", text)


def test_a_name_is_one_line_with_single_spaces():
    assert line_clean("  Rabbit\u00a0 \t Pickup\r\nGTI\u2028\u2800") == "Rabbit Pickup GTI"


@pytest.mark.parametrize("line_break", ["\r\n", "\r", "\n", "\x85", "\u2028", "\u2029", "\x0b"])
def test_a_description_keeps_its_lines_and_each_break_is_one_character(line_break):
    assert paragraphs_clean(f"First{line_break}{line_break}  second\tline{line_break}") == "First\n\n  second\tline"


@pytest.mark.parametrize("typed", ["e\u0301", "é", "e\u200b\u0301"])
def test_letters_are_composed(typed):
    assert line_clean(f"Coup{typed}") == "Coup\u00e9"


@given(st.text(st.characters() | st.sampled_from(UNSEEN + "\r\n\u2028 می👩ക്é"), max_size=12))
def test_cleaning_twice_changes_nothing_more(text):
    for clean in (line_clean, paragraphs_clean):
        once = clean(text)
        assert clean(once) == once
        once.encode()  # fails for a lone surrogate, as the database would


def test_the_browser_and_the_form_count_alike(draft):
    """A text area of 5,000 characters sends each of its line breaks as two."""
    data = QueryDict(mutable=True)
    data["description"] = "\r\n".join(["x" * 49] * 100)
    form = ListingForm(data, listing=draft)
    assert form.wrong() == {}
    assert len(form.values()["description"]) == 4999
    data["description"] += "\r\nx"
    assert ListingForm(data, listing=draft).wrong().keys() == {"description"}


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"description": "x" * 5001}, "description"),
        ({"other_model": "x" * 81}, "other_model"),
        ({"other_model": "???"}, "other_model"),
        ({"year": 1066}, "year"),
        ({"year": 2999}, "year"),
        ({"mileage_km": 5_000_001}, "mileage_km"),
        ({"price": -1}, "price"),
    ],
)
def test_a_service_refuses_what_the_form_refuses(draft, typed, wrong):
    with pytest.raises(ValidationError) as caught:
        listing_update(listing=draft, values=typed)
    data = QueryDict(mutable=True)
    data.update({name: str(value) for name, value in typed.items()})
    assert ListingForm(data, listing=draft).wrong() == {wrong: " ".join(caught.value.message_dict[wrong])}


def test_a_service_cleans_as_the_form_does(draft):
    typed = {
        "other_make": " Ro\u202eewe ",
        "other_model": "i5\u200b",
        "place": "Br\u00adno\n",
        "description": "a\r\nb\ufeff",
    }
    row = listing_update(listing=draft, values=typed)
    clean = {"other_make": "Roewe", "other_model": "i5", "place": "Brno", "description": "a\nb"}
    assert {name: getattr(row, name) for name in clean} == clean
    row = listing_update(listing=row, values=clean)
    assert row.touched == ["car_model", "description", "make", "other_make", "other_model", "place"]


def test_a_text_that_shows_nothing_is_empty(finished, put_photo):
    put_photo(finished)
    blank = "\u200b\u3164 \u2800\u0301"
    row = listing_update(listing=finished, values={"place": blank, "description": blank, "other_make": blank})
    assert (row.place, row.description, row.other_make) == ("", "", "")
    assert listing_missing(listing=row) == {"place": "Please fill this in."}
    assert "place" not in row.touched
    with pytest.raises(ValidationError, match="required"):
        ParagraphsFormField().clean(blank)


def test_whatever_writes_a_text_cleans_it(alice):
    listing = ListingFactory(seller=alice, place="Br\u200bno")
    assert listing.place == "Brno"
    Listing.objects.filter(pk=listing.pk).update(place="Zl\u202ein", description="a\r\nb")
    listing.refresh_from_db()
    assert (listing.place, listing.description) == ("Zlin", "a\nb")
    Listing.objects.bulk_create([Listing(seller=alice, place="Os\ufefflo")])
    assert Listing.objects.filter(place="Oslo").exists()


def test_a_name_for_buyers_hides_nothing(client, db):
    from marketplace.accounts.models import User

    data = {"email": "dora@example.org", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", {**data, "display_name": "Do\u202era\u200b"})
    assert User.objects.get(email="dora@example.org").display_name == "Dora"
