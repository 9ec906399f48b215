"""Addresses of searches, facets on the page, and the way with and without htmx."""

import re

import pytest

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("asked", "address"),
    [
        ("/?make=volkswagen&make=&colour=&q=&year_min=&sort=newest", "/cars/volkswagen/"),
        ("/?q=golf diesel", "/cars/volkswagen/golf/?fuel=diesel"),
        ("/?make=volkswagen&model=volkswagen/golf&year_min=2015", "/cars/volkswagen/golf/?year_min=2015"),
        ("/?year_min=2015&make=volkswagen&make=audi", "/?make=audi&make=volkswagen&year_min=2015"),
        ("/cars/volkswagen/?model=volkswagen/golf&model=volkswagen/up",
         "/?make=volkswagen&model=volkswagen/golf&model=volkswagen/up"),
        ("/cars/volkswagen/?page=7", "/cars/volkswagen/"),
        ("/cars/VW/", "/cars/volkswagen/"),
        ("/cars/volkswagen/Golf/?year_min=2015", "/cars/volkswagen/golf/?year_min=2015"),
    ],
)  # fmt: skip
def test_every_search_has_one_address(client, put_live, cars, asked, address):
    cars["Golf"].make.aliases.create(text="VW")
    put_live(fuel="diesel")
    answer = client.get(asked)
    assert answer.status_code in {301, 302}
    assert answer.url == address
    assert client.get(address).status_code == 200


def test_a_renamed_make_and_model_are_found_under_their_old_address(client, cars):
    golf = cars["Golf"]
    golf.name, golf.make.name = "Golf Mk", "Volkswagen Cars"
    golf.make.save()
    golf.save()
    for asked, address in (
        ("/cars/volkswagen/", "/cars/volkswagen-cars/"),
        ("/cars/volkswagen/golf/?fuel=diesel", "/cars/volkswagen-cars/golf-mk/?fuel=diesel"),
        ("/cars/volkswagen-cars/golf/", "/cars/volkswagen-cars/golf-mk/"),
    ):
        answer = client.get(asked)
        assert (answer.status_code, answer.url) == (301, address)
    assert client.get("/cars/nobody/").status_code == 404
    assert client.get("/cars/volkswagen-cars/nothing/").status_code == 404


def test_the_page_says_what_it_understood_and_lets_go_of_each_part(client, put_live):
    put_live(fuel="diesel", price=4000)
    page = client.get("/?q=golf diesel under 5000", follow=True).content.decode()
    chips = dict(re.findall(r'class="chip chip--asked" href="([^"]+)">.*?</span> (.*?) <span', page))
    assert list(chips.values()) == ["Volkswagen Golf", "Diesel", "up to 5\u202f000\u00a0€"]
    assert list(chips) == [
        "/cars/volkswagen/?fuel=diesel&amp;price_max=5000",
        "/cars/volkswagen/golf/?price_max=5000",
        "/cars/volkswagen/golf/?fuel=diesel",
    ]


def test_it_says_what_it_guessed_and_what_nobody_has(client, put_live):
    put_live()
    page = client.get("/?q=volkswagn", follow=True)
    assert page.redirect_chain[-1][0] == "/cars/volkswagen/?typed=volkswagn"
    assert "so we took it for <strong>Volkswagen</strong>" in page.content.decode()
    literally = client.get("/?q=%22volkswagn%22").content.decode()
    assert "No advertisement mentions “volkswagn”." in literally
    assert "No car fits" in literally


def test_facets_count_what_the_other_filters_leave(client, put_live):
    put_live("Golf", fuel="diesel", year=2020)
    put_live("Up!", fuel="petrol", year=2008)
    put_live("A4", fuel="petrol", year=2020)
    page = client.get("/cars/volkswagen/?year_min=2015").content.decode()
    tick = r'name="(\w+)"\s+value="([^"]+)"\s+id="[^"]+"( checked)?>\s*<span>.*?</span> <span[^>]*>(\d+)<'
    ticks = re.findall(tick, page)
    assert [tick for tick in ticks if tick[0] != "gearbox"] == [
        ("make", "volkswagen", " checked", "1"),
        ("make", "audi", "", "1"),
        ("model", "volkswagen/golf", "", "1"),
        ("fuel", "diesel", "", "1"),
    ]
    assert 'href="/cars/volkswagen/?year_min=2020"' in page


def test_htmx_gets_the_page_at_once_and_the_readable_address(client, put_live):
    golf = put_live(fuel="diesel")
    answer = client.get("/?make=volkswagen&fuel=diesel&q=", headers=HTMX)
    assert answer.status_code == 200
    assert answer["HX-Push-Url"] == "/cars/volkswagen/?fuel=diesel"
    assert golf.get_absolute_url() in answer.content.decode()


def test_the_price_is_the_sellers_with_the_buyers_currency_beside_it(client, put_live):
    put_live(price=25_000, currency="PLN")
    page = client.get("/").content.decode()
    assert "25\u202f000\u00a0zł" in page
    assert "≈\u00a05\u202f850\u00a0€" in page  # by the starting rate, in three figures
    assert "≈\u00a0" not in client.get("/?currency=PLN").content.decode()
