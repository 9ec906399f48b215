"""Names of makes and models as they are compared."""

import pytest

from marketplace.catalogue.names import name_key, name_words, without_body


@pytest.mark.parametrize(
    "same",
    [
        ("up!", "UP", " u-p "),
        ("Citroën", "CITROEN", "citroe\u0308n"),
        ("3 Series", "3-series", "3_SERIES", "3series"),
        ("Škoda", "SKODA"),
        ("Cee'd", "ceed", "CEED"),
        ("Town & Country", "town and country"),
        ("Ka+", "KA PLUS", "ka +"),
        ("Таврія", "ТАВРІЯ"),
        ("Weißer", "WEISSER", "weißer"),
        ("IŞIK", "ışık", "isik", "İşik"),
        ("Łoś", "ŁOŚ", "los"),
    ],
)
def test_a_key_is_blind_to_case_spaces_punctuation_and_accents(same):
    assert len({name_key(text) for text in same}) == 1


@pytest.mark.parametrize("different", [("Ka", "Ka+"), ("206", "206+"), ("Qashqai", "Qashqai+2"), ("A3", "A4")])
def test_keys_keep_different_cars_apart(different):
    assert len({name_key(text) for text in different}) == 2


@pytest.mark.parametrize("text", ["", "   ", "!?-", "\u0301"])
def test_a_text_without_letters_has_no_key(text):
    assert name_key(text) == ""
    assert name_words(text) == []


def test_body_words_and_years_are_dropped_only_from_the_end_and_never_all():
    assert without_body(["golf", "gti", "hatchback", "2012"])[-1] == ["golf", "gti"]
    assert without_body(["convertible"]) == [["convertible"]]
    assert without_body(["grand", "cherokee"]) == [["grand", "cherokee"]]
