import json
import time
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from marketplace.catalogue.datafile import CatalogueFileError, catalogue_read
from marketplace.catalogue.models import CarModel, Make, MakeAlias, ModelAlias
from marketplace.catalogue.selectors import car_find, make_find
from marketplace.catalogue.services import catalogue_load
from tests.factories import UserFactory

SMALL = """
[[make]]
name = "Škoda"
aliases = ["Skoda Auto"]
models = [
  { name = "Fabia", first = 1999, aliases = ["Fabia Combi"] },
  { name = "Ka" },
  { name = "Ka+" },
]
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "catalogue.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def as_person(db):
    """Save or delete a row the way the admin does, in a person's name."""
    user = UserFactory()

    def act(row, *, delete=False):
        row._history_user = user
        if delete:
            row.delete()
        else:
            row.full_clean()
            row.save()
        return row

    return act


def _rewrite(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_it_loads_the_projects_own_file_in_bulk_and_changes_nothing_the_second_time(db):
    start = time.process_time()  # CPU time, because the machine may be busy with something else
    first = catalogue_load()
    assert time.process_time() - start < 10  # it takes about one
    assert first.models.added == CarModel.objects.count() > 1000
    second = catalogue_load()
    for counts in second.as_dict().values():
        assert counts["added"] == counts["updated"] == counts["kept"] == 0
    assert second.models.unchanged == first.models.added


def test_it_updates_what_the_file_changed_and_keeps_the_row(small, db):
    catalogue_load(path=small)
    fabia = CarModel.objects.get(name="Fabia")
    _rewrite(small, 'name = "Fabia", first = 1999', 'name = "FABIA", first = 2000')
    assert catalogue_load(path=small).models.updated == 1
    fabia.refresh_from_db()
    assert (fabia.name, fabia.first_year) == ("FABIA", 2000)
    assert [row.history_type for row in fabia.history.all()] == ["~", "+"]


def test_it_takes_nothing_away(small, as_person):
    catalogue_load(path=small)
    own = as_person(CarModel(make=Make.objects.get(), name="Homebuilt"))
    as_person(ModelAlias(car_model=own, text="Shed Special"))
    _rewrite(small, '{ name = "Ka+" },', "")
    catalogue_load(path=small)
    assert set(CarModel.objects.values_list("name", flat=True)) == {"Fabia", "Ka", "Ka+", "Homebuilt"}
    assert car_find("skoda shed special")[1] == own


def test_what_a_person_changed_stays_changed(small, as_person):
    catalogue_load(path=small)
    fabia = CarModel.objects.get(name="Fabia")
    fabia.first_year = 2001
    as_person(fabia)
    load = catalogue_load(path=small)
    fabia.refresh_from_db()
    assert fabia.first_year == 2001
    assert (load.models.updated, load.models.kept) == (0, 1)


def test_what_a_person_deleted_stays_deleted(small, as_person):
    catalogue_load(path=small)
    as_person(CarModel.objects.get(name="Ka+"), delete=True)
    as_person(MakeAlias.objects.get(), delete=True)
    load = catalogue_load(path=small)
    assert not CarModel.objects.filter(name="Ka+").exists()
    assert (load.models.kept, load.make_aliases.kept) == (1, 1)


def test_a_name_that_a_person_gave_to_another_row_stays_there(small, as_person):
    catalogue_load(path=small)
    ka = CarModel.objects.get(name="Ka")
    as_person(ModelAlias(car_model=ka, text="Rapid"))
    _rewrite(small, '{ name = "Ka" },', '{ name = "Ka" }, { name = "Rapid" },')
    assert catalogue_load(path=small).models.kept == 1
    assert car_find("skoda rapid")[1] == ka


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("make = 3", "[[make]]"),
        ("[[make]", "cannot be read"),
        ("", "[[make]]"),
        ('[[make]]\nname = "!"', "needs a name"),
        ('[[make]]\nname = "A"\nmodel = []', "unknown field 'model'"),
        ('[[make]]\nname = "A"\nmodels = [{ name = "B", first = "1999" }]', "first must be a year"),
        ('[[make]]\nname = "A"\nmodels = [{ name = "B", first = 1999, last = 1998 }]', "before first year"),
        ('[[make]]\nname = "A"\n[[make]]\nname = "a!"', "have the same name"),
        ('[[make]]\nname = "A"\nmodels = [{ name = "B" }, { name = "C", aliases = ["b"] }]', "have the same name"),
        ("[[make]]\nname = " + '"A' * 2, "cannot be read"),
    ],
)
def test_it_refuses_a_bad_file_with_one_clear_line(tmp_path, db, content, says):
    path = tmp_path / "bad.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CatalogueFileError) as error:
        catalogue_read(path)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(CommandError) as refused:
        call_command("catalogue_load", "--file", path)
    assert refused.value.returncode == 2
    assert not Make.objects.exists()


def test_it_refuses_a_missing_file(tmp_path, db):
    with pytest.raises(CommandError, match="There is no file"):
        call_command("catalogue_load", "--file", tmp_path / "nowhere.toml")


def test_it_prints_one_json_document(small, db):
    out = StringIO()
    call_command("catalogue_load", "--file", small, "--json", stdout=out)
    assert json.loads(out.getvalue())["models"] == {"added": 3, "updated": 0, "unchanged": 0, "kept": 0}


def test_a_person_cannot_give_one_name_to_two_rows(small, db):
    catalogue_load(path=small)
    skoda = Make.objects.get()
    fabia = CarModel.objects.get(name="Fabia")
    for row in (
        Make(name="SKODA"),
        Make(name="skoda-auto"),
        Make(name="!!"),
        MakeAlias(make=skoda, text="škoda"),
        CarModel(make=skoda, name="FABIA"),
        CarModel(make=skoda, name="fabia-combi"),
        CarModel(make=skoda, name="Rapid", first_year=2012, last_year=2011),
        ModelAlias(car_model=fabia, text="KA"),
    ):
        with pytest.raises(ValidationError):
            row.full_clean()


def test_key_and_slug_follow_a_new_name(small, db):
    catalogue_load(path=small)
    skoda = Make.objects.get()
    skoda.name = "Tatra & Škoda+"
    skoda.full_clean()
    skoda.save()
    assert (skoda.key, skoda.slug) == ("tatraandskodaplus", "tatra-and-škoda-plus")
    assert make_find("TATRA AND SKODA PLUS") == skoda
