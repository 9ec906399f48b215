"""Every search as an Atom feed."""

import re
from html import unescape
from xml.etree import ElementTree

from marketplace.listings.life.services import listing_withdraw

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def entries(answer):
    return ElementTree.fromstring(answer.content).findall("a:entry", ATOM)


def test_it_has_what_the_search_finds_newest_first(client, put_live, put_photo):
    old, new = put_live(price=7000, place="Brno & Wien"), put_live(fuel="diesel")
    put_live("A3")
    photo = put_photo(new, with_files=True)
    page = client.get("/cars/volkswagen/golf/?sort=price")
    address = unescape(
        re.search(r'rel="alternate" type="application/atom\+xml"[^>]*href="([^"]+)"', page.content.decode())[1]
    )
    assert address == "/cars/volkswagen/golf/?format=atom"
    answer = client.get(address)
    assert answer["Content-Type"].startswith("application/atom+xml")
    found = entries(answer)
    assert [one.find("a:id", ATOM).text for one in found] == [
        f"http://testserver{car.get_absolute_url()}" for car in (new, old)
    ]
    told = [one.find("a:summary", ATOM).text for one in found]
    assert f"http://testserver{photo.card.url}" in told[0]
    assert "7\u202f000\u00a0€" in told[1]
    assert "Brno &amp; Wien" in told[1]


def test_it_is_narrowed_as_the_page_is_and_forgets_what_is_gone(client, put_live):
    diesel = put_live(fuel="diesel")
    put_live(fuel="petrol")
    assert len(entries(client.get("/?fuel=diesel&format=atom"))) == 1
    assert len(entries(client.get("/?q=golf diesel&format=atom"))) == 1
    listing_withdraw(listing=diesel, by=diesel.seller)
    assert entries(client.get("/?fuel=diesel&format=atom")) == []


def test_it_tells_nobody_how_to_reach_the_seller(client, put_live, alice):
    put_live(telephone="+420 601 123 456", description="Call my mother")
    text = client.get("/?format=atom").content.decode()
    assert not any(word in text for word in ("601", "mother", alice.email))
