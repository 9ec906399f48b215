"""What a data set calls a model, and the catalogue does not."""

import pytest

from classifier.training.data.manifest import manifest_read
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.training.labels.new_models import new_models_ask
from tests.factories import CarModelFactory
from tests.training.fakes import photo_write


@pytest.fixture
def folders(tmp_path, db):
    for name in ("A-Class", "E-Class", "CLK"):
        CarModelFactory(make__name="Mercedes-Benz", name=name)
    root = tmp_path / "lot"
    for folder in ("mercedes-benz_class a", "mercedes-benz_e class", "mercedes-benz_zetros"):
        photo_write(root / folder / "1.jpg", "red")
    return root


def said(manage, folders, *arguments):
    return manage("import_dataset", "folders", folders, *arguments, "--json")


def test_it_says_which_models_are_new_and_what_may_be_meant(manage, folders):
    new = {one["model"].lower(): one for one in said(manage, folders).document["new_models"]}
    assert set(new) == {"class a", "zetros"}
    assert new["class a"]["suggestions"][0] == "A-Class"
    assert new["zetros"]["suggestions"] == []


def test_refuse_writes_nothing_and_add_adds(manage, folders):
    refused = said(manage, folders, "--new-models", "refuse")
    assert (refused.code, "The catalogue does not have Mercedes-Benz" in refused.line) == (2, True)
    assert not (folders / "manifest.csv").exists()
    assert said(manage, folders, "--new-models", "add").code == 0
    assert catalogue_resolve(make="Mercedes-Benz", model="zetros").car_model is not None
    assert said(manage, folders).document["new_models"] == []


def test_ask_needs_a_terminal_and_takes_a_number_an_a_or_nothing(manage, folders, monkeypatch):
    answer = said(manage, folders, "--new-models", "ask")
    assert (answer.code, "needs a terminal" in answer.line) == (2, True)
    answers = iter(["9\n", "1\n", "\n"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin.readline", lambda: next(answers), raising=False)
    assert said(manage, folders, "--new-models", "ask").code == 0
    models = {row.model.lower() for row in manifest_read(folders / "manifest.csv")}
    assert models >= {"a-class", "zetros"}
    assert new_models_ask(models=[], read=lambda line: "a").add == []
