"""The table of cars that photos cannot tell apart."""

import pytest

from classifier.look_alikes import Car, LookAlikesError, look_alikes, look_alikes_read


@pytest.fixture
def table(tmp_path):
    """Reads a table with this text."""

    def read(text):
        path = tmp_path / "look_alikes.toml"
        path.write_text(text, encoding="utf-8")
        return look_alikes_read(path)

    return read


TWINS = '{ why = "market", years = [2003, 2014], cars = [["Acura", "TSX", "TSX Sedan"], ["Honda", "Accord"]] }'
LENGTHS = '{ why = "body length", cars = [["Renault", "Scénic"], ["Renault", "Grand Scénic"]] }'


def test_a_car_is_found_by_any_of_its_names_in_any_spelling(table):
    read = table(f"group = [{TWINS}, {LENGTHS}]")
    assert read.place("ACURA", "tsx-sedan") == read.place("Acura", "TSX") == (0, 0)
    assert read.place("honda", "accord") == (0, 1)
    assert read.place("Renault", "grand scenic") == (1, 1)
    assert read.place("Honda", "Civic") is None


@pytest.mark.parametrize(
    ("years", "alike"),
    [("", True), ("2003", True), ("2012-2018", True), ("1999-2003", True), ("2015", False), ("1999-2002", False)],
)
def test_cars_are_alike_only_in_the_years_of_their_group(table, years, alike):
    assert (table(f"group = [{TWINS}]").place("Honda", "Accord", years) is not None) is alike


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("group = [", "look_alikes.toml"),
        ("groups = []", "holds a list 'group'"),
        (f"group = [{TWINS.replace('market', 'twin')}]", "group 1: why is one of badge, market"),
        (f"group = [{TWINS.replace('years', 'ages')}]", "why and cars"),
        (f"group = [{TWINS.replace('[2003, 2014]', '[2014, 2003]')}]", "a first and a last year"),
        (f"group = [{TWINS.replace('[2003, 2014]', '[true, 2014]')}]", "a first and a last year"),
        ('group = [{ why = "badge", cars = [["Honda", "Accord"]] }]', "at least two"),
        ('group = [{ why = "badge", cars = [["Honda", "Accord"], ["Acura"]] }]', "a make, a model"),
        ('group = [{ why = "badge", cars = [["Honda", "Accord"], ["HONDA", "ac-cord"]] }]', "HONDA ac-cord stands"),
        (f"group = [{TWINS}, {TWINS}]", "Acura TSX stands there twice"),
    ],
)
def test_a_table_that_is_wrong_is_refused_in_one_line(table, text, words):
    with pytest.raises(LookAlikesError, match=words) as refused:
        table(text)
    assert "\n" not in str(refused.value)


def test_the_projects_table_holds_what_was_confused_most_surely():
    for one, other in [
        (("Acura", "TSX Sedan"), ("Honda", "Accord")),
        (("Jeep", "Liberty SUV"), ("Jeep", "Cherokee")),
        (("Toyota", "Land Cruiser Prado"), ("Toyota", "Land Cruiser")),
        (("Daewoo", "Sens"), ("ZAZ", "Lanos")),
        (("Dodge", "Ram 1500"), ("Ram", "1500")),
        (("Volkswagen", "E Golf"), ("Volkswagen", "Golf")),
        (("renault", "grand scenic"), ("Renault", "Scénic")),
    ]:
        first, second = look_alikes().place(*one), look_alikes().place(*other)
        assert first is not None
        assert second is not None
        assert first[0] == second[0]
    assert str(Car("Acura", "TSX")) == "Acura TSX"
