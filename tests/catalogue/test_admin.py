import pytest
from django.urls import reverse

from marketplace.catalogue.models import CarModel
from marketplace.catalogue.selectors import car_find
from tests.factories import CarModelFactory, MakeFactory, ModelAliasFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def skoda():
    fabia = CarModelFactory(make__name="Škoda", name="Fabia")
    ModelAliasFactory(car_model=fabia, text="Fabia Combi")
    return fabia.make


@pytest.fixture
def operator(client):
    client.force_login(UserFactory(email="olga@example.org", superuser=True))
    return client


def _form(model, **fields):
    return {"make": model.pk, "aliases-TOTAL_FORMS": 0, "aliases-INITIAL_FORMS": 0, **fields}


@pytest.mark.parametrize("text", ["ŠKODA", "skoda", "Šk-oda"])
def test_it_finds_a_make_whatever_the_case_and_accents(operator, skoda, text):
    MakeFactory(name="Audi")
    found = operator.get(reverse("admin:catalogue_make_changelist"), {"q": text}).context["cl"].result_list
    assert list(found) == [skoda]


def test_a_name_hides_no_letter(operator, skoda):
    operator.post(reverse("admin:catalogue_carmodel_add"), _form(skoda, name=" En\u200byaq \u202eiV"))
    assert CarModel.objects.filter(name="Enyaq iV").exists()


@pytest.mark.parametrize("table", ["make", "carmodel", "makealias", "modelalias"])
def test_it_searches_every_table_blind_to_accents(operator, skoda, table):
    answer = operator.get(reverse(f"admin:catalogue_{table}_changelist"), {"q": "skoda"})
    assert answer.status_code == 200


def test_it_adds_a_model_with_its_key_and_remembers_who_did(operator, skoda):
    answer = operator.post(reverse("admin:catalogue_carmodel_add"), _form(skoda, name="Enyaq iV"))
    assert answer.status_code == 302, answer.context["errors"]
    model = CarModel.objects.get(name="Enyaq iV")
    assert (model.key, model.slug) == ("enyaqiv", "enyaq-iv")
    assert model.history.get().history_user.email == "olga@example.org"
    assert car_find("SKODA enyaq-IV") == (skoda, model)


@pytest.mark.parametrize("name", ["fabia", "FABIA-COMBI", "!!"])
def test_it_says_why_a_name_is_refused(operator, skoda, name):
    answer = operator.post(reverse("admin:catalogue_carmodel_add"), _form(skoda, name=name))
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert CarModel.objects.count() == 1


@pytest.mark.parametrize(
    "texts", [("Octavia Tour", "octavia-tour"), ("Combi", "fabia combi"), ("Combi", "FABIA"), ("Combi", "octavia")]
)
def test_it_refuses_an_alias_that_means_something_else(operator, skoda, texts):
    aliases = {"aliases-TOTAL_FORMS": 2, "aliases-0-text": texts[0], "aliases-1-text": texts[1]}
    answer = operator.post(reverse("admin:catalogue_carmodel_add"), _form(skoda, name="Octavia", **aliases))
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert not CarModel.objects.filter(name="Octavia").exists()


def test_it_adds_a_model_with_its_aliases(operator, skoda):
    aliases = {"aliases-TOTAL_FORMS": 2, "aliases-0-text": "Octavia Tour", "aliases-1-text": "Laurin"}
    answer = operator.post(reverse("admin:catalogue_carmodel_add"), _form(skoda, name="Octavia", **aliases))
    assert answer.status_code == 302
    assert car_find("skoda laurin")[1].name == "Octavia"


def test_a_model_cannot_be_moved_to_another_make(operator, skoda):
    other = MakeFactory(name="Other")
    fabia = CarModel.objects.get()
    operator.post(reverse("admin:catalogue_carmodel_change", args=[fabia.pk]), _form(other, name="Fabia"))
    fabia.refresh_from_db()
    assert fabia.make == skoda


def test_a_stranger_sees_nothing(client, skoda):
    assert client.get(reverse("admin:catalogue_make_changelist")).status_code == 302
