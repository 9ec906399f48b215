"""A car in the seller's own words is found whatever the case and accents, on every database."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F
from django.db.models.functions import Upper

from marketplace.listings.models import KEY_LETTERS, SEARCH_KEYS, Listing
from marketplace.listings.search.services import listings_found
from marketplace.listings.services import listing_identity_set, listing_update
from tests.factories import ListingFactory

FOUND_BY = {
    ("Богдан", "2110"): ("Богдан", "богдан", "БОГДАН", "богд", "2110 БОГДАН"),
    ("Élan", "Östra 5"): ("östra", "ÖSTRA", "ostra", "O\u0308stra5", "elan", "ÉLAN ostra"),
    ("Weißer", "Straße"): ("WEISSER", "weißer", "weisser strasse", "STRASSE"),
    ("IŞIK", "Kırlangıç"): ("ışık", "isik", "kirlangic", "KIRLANGIÇ"),
    ("FSO", "Łoś"): ("łoś", "ŁOŚ", "los"),
    ("Ёлка", "Й-1"): ("елка", "ЁЛКА", "й1"),
    ("ΑΕΡΟΣ", "ένα"): ("αερος", "Αερος", "ΕΝΑ"),
    ("Coupe\u0301+", "A&B"): ("coupé+", "coupe plus", "a & b"),
}


@pytest.fixture
def put_written(alice):
    def put(other_make="", other_model="", *, place="", **fields):
        words = {"other_make": other_make, "other_model": other_model, "place": place}
        return ListingFactory(seller=alice, live=True, written=True, **words, **fields)

    return put


def keys(listing):
    listing.refresh_from_db()
    return [getattr(listing, key) for key in SEARCH_KEYS.values()]


def test_buyers_find_it_in_every_spelling(put_written):
    listings = {names: put_written(*names) for names in FOUND_BY}
    missed = [
        (text, names)
        for names, texts in FOUND_BY.items()
        for text in texts
        if list(listings_found({"q": text})) != [listings[names]]
    ]
    assert missed == []
    assert not listings_found({"q": "?!"})
    assert not listings_found({"q": "богдан 2111"})


def test_a_car_of_the_catalogue_is_found_where_the_seller_wrote_it(put_written, put_live, cars):
    cars["Golf"].make.aliases.create(text="VW")
    golf, fox = put_live("Golf"), put_written("vw", "FOX")
    country = put_written("", "Golf Country", make=cars["Golf"].make)
    put_written("Vwx", "Golfer")
    assert set(listings_found({"q": "Volkswagen"})) == {golf, fox, country}
    assert set(listings_found({"q": "vw golf"})) == {golf, country}
    assert set(listings_found({"q": "fox"})) == {fox}


def test_the_key_follows_whichever_way_the_words_are_written(draft, cars, alice):
    row = listing_update(listing=draft, values={"other_make": "Škoda", "other_model": "Élan", "place": "Łódź"})
    assert keys(row) == ["skoda", "elan", "lodz"]
    row.other_model = "Östra"
    row.save(update_fields=["other_model"])
    assert keys(row) == ["skoda", "ostra", "lodz"]
    Listing.objects.filter(pk=row.pk).update(place="Žilina")
    assert keys(row) == ["skoda", "ostra", "zilina"]
    row.other_make = "Tatra"
    Listing.objects.bulk_update([row], ["other_make"])
    assert keys(row) == ["tatra", "ostra", "zilina"]
    part = Listing.objects.only("pk").get(pk=row.pk)
    part.place = "Plzeň"
    part.save()
    assert keys(part) == ["tatra", "ostra", "plzen"]
    Listing.objects.update_or_create(pk=row.pk, defaults={"place": "Čáslav"})
    assert keys(row) == ["tatra", "ostra", "caslav"]
    listing_identity_set(listing=row, make=cars["Golf"].make, car_model=cars["Golf"])
    assert keys(row) == ["", "", "caslav"]
    [made] = Listing.objects.bulk_create([Listing(seller=alice, other_make="Žuk")])
    assert keys(made) == ["zuk", "", ""]
    alice.listings.update(other_make="Нива", make=None, car_model=None)
    assert keys(made) == ["нива", "", ""]


@pytest.mark.parametrize("expression", [Upper("place"), F("description")])
def test_words_that_only_the_database_knows_are_refused(draft, expression):
    with pytest.raises(TypeError, match="place must be a plain text"):
        Listing.objects.update(place=expression)


def test_a_key_has_room_for_what_grows_when_it_is_folded(put_written):
    listing = put_written("\ufdfa" * 80, "+" * 79 + "A")
    assert [len(key) for key in keys(listing)] == [KEY_LETTERS, KEY_LETTERS, 0]


@pytest.mark.parametrize("text", ["östersund", "OSTERSUND", "sund", "ÖSTER"])
def test_a_place_is_found_in_every_spelling(client, put_written, text):
    put_written(place="Östersund")
    put_written(place="Brno")
    assert [one.place for one in listings_found({"place": text})] == ["Östersund"]
    assert client.get("/api/v1/listings/", {"place": text}).json()["count"] == 1
    assert client.get("/api/v1/listings/", {"place": "?"}).json()["count"] == 0


def test_listings_from_before_the_keys_get_theirs(put_written):
    old = put_written("Богдан", "Élan", place="Łódź")
    bare = put_written()
    Listing.objects.update(other_make_key="", other_model_key="", place_key="")
    migration = ("listings", "0005_search_keys_of_old_rows")
    apps = MigrationExecutor(connection).loader.project_state(migration).apps
    import_module("marketplace.listings.migrations.{1}".format(*migration)).fill(apps, connection.schema_editor())
    assert keys(old) == ["богдан", "elan", "lodz"]
    assert keys(bare) == ["", "", ""]
