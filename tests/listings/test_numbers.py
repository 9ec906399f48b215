"""Numbers as people write them are read exactly or refused, but never read as another number."""

import unicodedata
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from marketplace.listings.details.number_fields import CURRENCY_WORDS, KILOMETRES, PriceField, WholeNumberField
from marketplace.listings.models import Listing
from marketplace.listings.templatetags.car_words import money
from marketplace.numbers import PLAIN, plain_number

SPACES = " \u00a0\u202f\u2009\u2007"
GROUPED_BY = (*SPACES, "'", "’", ",", ".")
DIGITS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "０１２３４５６７８９", "०१२३४५६७८९")
REFUSED = "refused"


def thousands(whole, by):
    return f"{int(whole):,}".replace(",", by) if not whole.startswith("0") else whole


def lakhs(whole):
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
    return ",".join([*pairs, tail])


def spellings(number):
    """Every way to write this plain number with the signs on a keyboard."""
    minus, number = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, _, decimals = number.partition(".")
    wholes = {(whole, "")} | {(thousands(whole, by), by) for by in " ',."} | {(lakhs(whole), ",")}
    if not decimals:
        # This includes a lone comma or dot before three digits, which groups thousands.
        return {minus + text for text, _ in wholes}
    grouped = {f"{minus}{text}{point}{decimals}" for text, by in wholes for point in ".," if point != by}
    return grouped - {f"{minus}{whole}{point}{decimals}" for point in ".," if is_thousands(whole, decimals)}


def is_thousands(whole, decimals):
    return len(decimals) == 3 and len(whole) <= 3 and not whole.startswith("0")


def cleaned(field, text):
    try:
        return field.clean(text)
    except ValidationError:
        return REFUSED


def mileage():
    return WholeNumberField(words=KILOMETRES)


def price(currency="EUR"):
    field = PriceField(max_digits=12, decimal_places=2)
    field.currency = currency
    return field


@given(st.integers(0, 10**9), st.sampled_from(GROUPED_BY), st.sampled_from(DIGITS))
def test_a_whole_number_is_understood_in_every_grouping_and_script(number, by, digits):
    for text in (str(number), thousands(str(number), by), lakhs(str(number))):
        assert cleaned(mileage(), text.translate(str.maketrans("0123456789", digits))) == number


@given(st.decimals(0, 10**9, places=2), st.sampled_from(GROUPED_BY), st.sampled_from(",."))
def test_a_price_with_cents_is_understood_in_every_grouping(amount, by, point):
    whole, cents = str(amount).split(".")
    if point != by:
        assert cleaned(price(), f"{thousands(whole, by)}{point}{cents}") == amount
    assert cleaned(price(), f"{whole}{point}{cents}") == amount
    assert cleaned(price(), f"{lakhs(whole)}.{cents}") == amount


@given(st.lists(st.sampled_from(["0", "1", "25", "000", "500", " ", ".", ",", "'", "-", "e", "٣", "²"]), max_size=9))
@example(["12", ".", "500", ",", "000"])
@example(["1", ",", "25", ",", "000"])
@example([".", "5"])
def test_what_is_understood_has_exactly_the_digits_typed_and_a_known_grouping(parts):
    text = "".join(parts)
    number = plain_number(text)
    if not PLAIN.fullmatch(number):
        assert number == text
        return
    typed = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    assert [char for char in number if char.isdigit()] == [char for char in typed if char.isdigit()]
    assert " ".join(typed.split()) in spellings(number)


@given(st.decimals(0, 10**9, places=2), st.sampled_from(Listing.Currency.values))
def test_a_price_as_the_site_shows_it_can_be_typed(amount, currency):
    shown = money(Listing(price=amount, currency=currency))
    assert cleaned(price(currency), shown) == amount
    others = [other for other in Listing.Currency.values if other != currency]
    assert {cleaned(price(other), shown) for other in [*others, ""]} == {REFUSED}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,25,000", 125_000), ("12,34,567", 1_234_567), ("85.000 km", 85_000), ("85 000KM", 85_000),
        ("km 85'000", 85_000), ("85 000 км.", 85_000), ("85 000 ㎞", 85_000), ("12\u200b500", 12_500),
        (" \u200e85\u202f000\t", 85_000),
        ("١٢٬٥٠٠", 12_500), ("-5", -5), ("−5", -5), ("007", 7),
        *((text, REFUSED) for text in (
            "1.00.000", "1 000,000", "12.500,000", "12,50,0", "1,2,3", "12 50", "12..500", "1.250,000", "1,250 000",
            "1,2500", "12,0000", "0.500", "85.0", "99,5", ".5", "5.", "12 500 -", "85 tkm", "150k", "85 000 mi",
            "85 000 km km", "km 85 000 km", "ca. 85 000", "85 000 +", "+5", "--5", "5-", "1e5", "1_000", "0x10", "½",
            "²", "1٢", "١٢٫٥٠٠", "NaN", "inf", "12 500 €", "12-500", "9" * 5000,
        )),
    ],
)  # fmt: skip
def test_a_mileage_is_itself_or_refused(text, number):
    assert cleaned(mileage(), text) == number


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.234", "1234"), ("1.234,5", "1234.5"), ("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("0,50", "0.50"),
        ("12.500,-", "12500"), ("12.500,– €", "12500"), ("12 500.--", "12500"), ("12.500 €", "12500"),
        ("€ 12,500.00", "12500"), ("€12.500", "12500"), ("12 500 Euro", "12500"), ("EUR 12'500.–", "12500"),
        ("€ -5", "-5"), ("1,25,000.50", "125000.50"), ("１２，５００", "12500"), ("١٢٬٥٠٠٫٥٠", "12500.50"),
        *((text, REFUSED) for text in (
            "12.500,000", "1234.567", "12 500,000", "0.123", "1٫234", "12 500 zł", "$12,500", "12 500 CHF", "12.500 VB",
            "12.500 € €", "€12.500€", "12k", "12.5k", "1e5", "Infinity", "-€5", "5.-5", "12,,50", "12.500,-,-",
        )),
    ],
)  # fmt: skip
def test_a_price_is_itself_or_refused(text, amount):
    assert cleaned(price(), text) == (amount if amount == REFUSED else Decimal(amount))


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "\u00a0\u2060"])
def test_nothing_visible_is_no_number(text):
    assert WholeNumberField(required=False).clean(text) is None
    assert PriceField(required=False).clean(text) is None
    assert cleaned(mileage(), text) == REFUSED


def test_another_currency_is_refused_in_words_that_say_what_to_do():
    with pytest.raises(ValidationError, match="Choose this currency from the list"):
        price("EUR").clean("12 500 zł")
    with pytest.raises(ValidationError, match="Write the price as a number, such as 12 500"):
        price("EUR").clean("12 500 kr")


def test_every_currency_has_words_of_its_own():
    assert CURRENCY_WORDS.keys() == set(Listing.Currency.values)
    assert sum(map(len, CURRENCY_WORDS.values())) == len(frozenset().union(*CURRENCY_WORDS.values()))
