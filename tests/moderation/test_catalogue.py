"""Merges that listings, labels, predictions and searches follow; names; proposed models."""

from urllib.parse import unquote

import pytest
from django.urls import reverse

from marketplace.catalogue.merging import CatalogueRefused, make_rename, model_rename
from marketplace.catalogue.models import CarModel, CatalogueMerge, Make
from marketplace.catalogue.search import cars_search
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.catalogue.services import catalogue_load
from marketplace.listings.models import Listing
from marketplace.moderation.catalogue.services import (
    makes_merge,
    merge_take_back,
    models_merge,
    proposal_add,
    proposal_alias,
    proposal_make,
    proposal_refuse,
)
from marketplace.moderation.figures.selectors import weeks
from marketplace.moderation.models import ModelProposal
from marketplace.moderation.services import decision_make
from marketplace.trade.searches.results import searched
from marketplace.training.labels.decisions import decision_rows
from tests.factories import CarModelFactory, ListingFactory, MakeAliasFactory, ModelAliasFactory, UserFactory
from tests.moderation.conftest import verdict


@pytest.fixture
def olga(db):
    return UserFactory(email="olga@example.org", superuser=True)


@pytest.fixture
def twice(db):
    """The same car under two names: "Oktavia" has an alias, "Octavia" is right."""
    wrong = CarModelFactory(make__name="Škoda", name="Oktavia")
    right = CarModelFactory(make__name="Škoda", name="Octavia")
    ModelAliasFactory(car_model=wrong, text="Oktavia Kombi")
    return wrong, right


def test_everything_follows_a_merged_model(twice, waiting, bob, olga, client, tmp_path):
    wrong, right = twice
    listing = waiting("Octavia", said=verdict(("Skoda", "Oktavia", 0.97)))
    Listing.objects.filter(pk=listing.pk).update(car_model=wrong, make=wrong.make)
    listing.refresh_from_db()
    decision_make(listing=listing, moderator=bob, action="accept")
    old = f"/cars/{wrong.make.slug}/{wrong.slug}/"
    query = f"make={wrong.make.slug}&model={wrong.make.slug}/{wrong.slug}"
    assert client.get(old).status_code == 200
    merge = models_merge(car_model=wrong, into=right, by=olga)
    listing.refresh_from_db()
    assert (listing.car_model, merge.listings) == (right, [[listing.pk, wrong.make_id, wrong.pk]])
    answer = client.get(old)
    assert (answer.status_code, unquote(answer["Location"])) == (301, f"/cars/{right.make.slug}/{right.slug}/")
    assert list(searched(query)) == [listing]  # as a saved search keeps it
    for name in ("Oktavia", "oktavia kombi"):
        assert catalogue_resolve(make="Skoda", model=name).car_model == right
    assert [str(row.model) for row in decision_rows()] == ["Octavia"]
    assert weeks()[0][0].overridden == 0  # the photos said the old name: it is the same car
    assert wrong not in CarModel.objects.all()
    assert all(car_model != wrong for _make, car_model in cars_search(text="oktavia"))


def test_a_merge_is_undone_but_what_came_since_stays(twice, olga):
    wrong, right = twice
    before, since = (ListingFactory(live=True, car_model=car) for car in twice)
    merge = models_merge(car_model=wrong, into=right, by=olga)
    merge_take_back(merge=merge, by=olga)
    for listing in (before, since):
        listing.refresh_from_db()
    assert (before.car_model, since.car_model) == (wrong, right)
    assert catalogue_resolve(make="Skoda", model="oktavia kombi").car_model == wrong
    assert CatalogueMerge.objects.get().undone_by == olga
    with pytest.raises(CatalogueRefused, match="undone already"):
        merge_take_back(merge=merge, by=olga)


def test_a_merged_make_takes_its_models_along_and_back(olga, client):
    vw, volkswagen = (
        CarModelFactory(make__name="V.W.", name="Golf"),
        CarModelFactory(make__name="Volkswagen", name="Golf"),
    )
    only = CarModelFactory(make=vw.make, name="Amarok")
    MakeAliasFactory(make=vw.make, text="Vau Weh")
    golf, amarok = (ListingFactory(live=True, car_model=car) for car in (vw, only))
    alone = ListingFactory(draft=True, make=vw.make)
    merge = makes_merge(make=vw.make, into=volkswagen.make, by=olga)
    for listing in (golf, amarok, alone):
        listing.refresh_from_db()
        assert listing.make == volkswagen.make
    assert (golf.car_model, amarok.car_model) == (volkswagen, only)
    for name in ("V.W.", "vau weh"):
        assert catalogue_resolve(make=name, model="golf").car_model == volkswagen
    old = client.get(f"/cars/{vw.make.slug}/{vw.slug}/")
    assert (old.status_code, old["Location"]) == (301, f"/cars/{volkswagen.make.slug}/{volkswagen.slug}/")
    merge_take_back(merge=merge, by=olga)
    for listing, car in ((golf, vw), (amarok, only)):
        listing.refresh_from_db()
        assert (listing.car_model, listing.make, car.make) == (car, car.make, vw.make)
    assert catalogue_resolve(make="vau weh", model="amarok").car_model == CarModel.objects.get(pk=only.pk)
    assert CarModel.objects.get(pk=only.pk).make == Make.objects.get(pk=vw.make_id)


def test_what_cannot_be_merged_is_refused(twice, olga):
    wrong, right = twice
    with pytest.raises(CatalogueRefused, match="two different"):
        models_merge(car_model=right, into=right, by=olga)
    with pytest.raises(CatalogueRefused, match="of the same make"):
        models_merge(car_model=wrong, into=CarModelFactory(), by=olga)
    models_merge(car_model=wrong, into=right, by=olga)
    wrong.refresh_from_db()
    with pytest.raises(CatalogueRefused, match="merged already"):
        models_merge(car_model=right, into=wrong, by=olga)


def test_the_data_file_does_not_bring_a_merged_model_back(olga):
    catalogue_load()
    octavia, fabia = (catalogue_resolve(make="Skoda", model=name).car_model for name in ("Octavia", "Fabia"))
    models_merge(car_model=octavia, into=fabia, by=olga)
    counts = catalogue_load().as_dict()
    assert sum(one["added"] + one["updated"] for one in counts.values()) == 0
    assert catalogue_resolve(make="Skoda", model="Octavia").car_model == fabia


def test_a_renamed_one_keeps_its_old_name_and_address(twice, olga, client):
    _wrong, right = twice
    ListingFactory(live=True, car_model=right)
    old = f"/cars/{right.make.slug}/{right.slug}/"
    model_rename(car_model=right, name="Octavia Mk", by=olga)
    make_rename(make=right.make, name="Skoda Auto", by=olga)
    answer = client.get(old)
    assert (answer.status_code, answer["Location"]) == (301, "/cars/skoda-auto/octavia-mk/")
    assert catalogue_resolve(make="Škoda", model="Octavia").car_model == right
    with pytest.raises(CatalogueRefused):
        model_rename(car_model=right, name="Oktavia", by=olga)


def test_a_proposed_model_is_added_or_known_by_another_name(twice, bob, olga):
    first = proposal_make(make="skoda", name="Elroq", by=bob)
    assert proposal_make(make="Škoda", name="elroq", by=olga) == first
    with pytest.raises(CatalogueRefused, match="The catalogue has it"):
        proposal_make(make="Škoda", name="octavia", by=bob)
    added = proposal_add(proposal=first, make=first.make, make_name="", name="Elroq", by=olga)
    assert catalogue_resolve(make="Skoda", model="elroq").car_model == added
    with pytest.raises(CatalogueRefused):
        proposal_refuse(proposal=first, by=olga)
    new = proposal_make(make="Zeekr", name="001", by=bob)
    assert str(proposal_add(proposal=new, make=None, make_name="Zeekr", name="001", by=olga).make) == "Zeekr"
    other = proposal_make(make="Škoda", name="Laura", by=bob)
    proposal_alias(proposal=other, car_model=twice[1], by=olga)
    assert catalogue_resolve(make="Skoda", model="Laura").car_model == twice[1]


def test_the_pages(twice, bobs, client, olga, bob, charlie, waiting):
    listing = waiting("Octavia")
    found = bobs.get(reverse("moderation:search"), {"q": "skoda elroq", "listing": listing.code}).content.decode()
    assert "Propose a new model" in found
    form = bobs.get(reverse("moderation:propose"), {"q": "skoda elroq", "listing": listing.code}).content.decode()
    assert 'value="Škoda"' in form
    assert 'value="elroq"' in form
    sent = {"make": "Škoda", "name": "Elroq", "listing": listing.code}
    said = bobs.post(reverse("moderation:propose"), sent, follow=True)
    assert "Škoda Elroq is proposed" in said.content.decode()
    assert bobs.get(reverse("moderation:catalogue")).status_code == 404
    client.force_login(charlie)
    assert client.get(reverse("moderation:propose")).status_code == 404
    client.force_login(olga)
    one = ModelProposal.objects.get()
    page = client.get(reverse("moderation:catalogue")).content.decode()
    assert listing.code in page
    add = {"what": "add", "make": "Škoda", "name": "Elroq"}
    assert "Škoda Elroq is in the catalogue." in client.post(
        reverse("moderation:proposal", args=[one.pk]), add, follow=True
    ).content.decode()  # fmt: skip
    merge = {"this": "skoda oktavia", "into": "Škoda Octavia"}
    shown = client.post(reverse("moderation:merge"), merge)
    assert "and 0 listings follow" in shown.content.decode()
    assert not CatalogueMerge.objects.exists()
    done = client.post(reverse("moderation:merge"), {**merge, "sure": "1"}, follow=True).content.decode()
    assert "Škoda Oktavia is another name of Škoda Octavia now; 0 listings followed." in done
    undo = reverse("moderation:merge_undo", args=[CatalogueMerge.objects.get().pk])
    assert "Oktavia is one of its own again." in client.post(undo, follow=True).content.decode()
    wrong = client.post(reverse("moderation:merge"), {"this": "skoda", "into": "Škoda Octavia"})
    assert (wrong.status_code, "two makes, or two models" in wrong.content.decode()) == (422, True)
    rename = {"which": "skoda oktavia", "name": "Oktavia II"}
    assert "is called Oktavia II now." in client.post(
        reverse("moderation:rename"), rename, follow=True
    ).content.decode()  # fmt: skip
