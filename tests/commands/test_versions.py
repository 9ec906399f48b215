"""manage.py models, promote, rollback"""

import shutil

from django.db import OperationalError

from marketplace.registry.selectors import champion_get


def test_it_promotes_and_rolls_back_two_real_artefacts(manage, registered):
    a, b = registered("a"), registered("b")
    assert manage("promote", a, "--json").document == {"version": a, "previous": None}
    assert manage("promote", b, "--json").document == {"version": b, "previous": a}
    assert champion_get().version == b
    assert manage("rollback", "--json").document == {"version": a, "previous": b}
    assert champion_get().version == a
    ran = manage("rollback")
    assert ran.code == 2
    assert f"{a} has no predecessor" in ran.line


def test_it_lists_versions(manage, registered):
    a, b = registered("a"), registered("b")
    manage("promote", a)
    document = manage("models", "--json").document
    assert document["champion"] == a
    assert [(one["version"], one["status"]) for one in document["models"]] == [(b, "candidate"), (a, "champion")]
    assert document["models"][0]["metrics"]["test"]["top1"] == 0.75
    assert f"→ {a}  champion" in manage("models").out


def test_its_lines_have_the_figures_to_choose_by(manage, artefact, db):
    made = artefact("measured", metrics={"test": {"top1": 0.8434, "make_top1": None, "ece": 0.04}})
    manage("promote", made.version)
    assert manage("models").out.rstrip().endswith("top1 0.843  ece 0.040")


def test_it_lists_nothing_on_a_new_site(manage, db):
    assert manage("models", "--json").document == {"champion": None, "models": []}


def test_it_promotes_what_was_copied_here(manage, artefact, db):
    folder = artefact("elsewhere").folder
    assert manage("promote", folder.name, "--json").document["version"] == folder.name


def test_it_refuses_an_unknown_version(manage, registered):
    a = registered("a")
    ran = manage("promote", "../../etc")
    assert (ran.code, ran.out) == (2, "")
    assert f"There is no model version '../../etc'. Known versions: {a}." in ran.line


def test_it_refuses_a_tampered_artefact(manage, artefact, registered):
    a = registered("a")
    with (artefact("a").folder / "model.safetensors").open("ab") as file:
        file.write(b"x")
    ran = manage("promote", a, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "damaged or changed" in ran.line
    assert champion_get() is None


def test_it_refuses_to_roll_back_to_what_is_gone(manage, artefact, registered):
    a, b = registered("a"), registered("b")
    manage("promote", a)
    manage("promote", b)
    shutil.rmtree(artefact("a").folder)
    ran = manage("rollback")
    assert ran.code == 2
    assert f"{a} cannot serve" in ran.line
    assert champion_get().version == b


def test_it_says_what_to_do_when_the_database_is_not_ready(manage, monkeypatch):
    def no_table():
        raise OperationalError("no such table: registry_modelversion")

    monkeypatch.setattr("marketplace.registry.management.commands.models.versions_list", no_table)
    ran = manage("models", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "registry_modelversion). Run: python manage.py migrate && python manage.py setup_site" in ran.line
