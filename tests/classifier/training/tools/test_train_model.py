"""A training without a site, by its command line."""

import json

import pytest

from classifier.artefact import artefact_open
from classifier.training.data.manifest import manifest_read
from classifier.training.tools.left_out import in_group, without
from classifier.training.tools.train_model import main
from tests.classifier.conftest import tiny_classifier
from tests.pictures import car_like

QUICK = ["--recipe", "quick", "--set", "min_photos_per_class=2"]


@pytest.fixture
def lot(tmp_path):
    """Two models of which the tiny classifier knows none, 12 photos each."""
    folder = tmp_path / "lot"
    folder.mkdir()
    lines = ["file,make,model,vehicle,split"]
    for number in range(24):
        car_like(300 + number, 200 + number % 7).save(folder / f"{number}.jpg")
        lines.append(
            f"{number}.jpg,Lada,{('Niva', 'Samara')[number % 2]},{number},{('train', 'test')[number % 6 == 0]}"
        )
    (folder / "manifest.csv").write_text("\n".join(lines))
    return folder


def test_it_extends_the_given_artefact_and_says_where_the_result_lies(tmp_path, lot, weights_of, capsys):
    base = tiny_classifier(tmp_path / "base")
    given = ["--manifest", str(lot), *QUICK, "--weights", str(weights_of()), "--champion", str(base.folder)]
    assert main([*given, "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    made = artefact_open(said["artefact"]).spec
    assert {one.model for one in made.classes} >= {"Niva", "Samara", *(one.model for one in base.spec.classes)}
    assert said["test"]["photos"] == 4


def test_photos_are_cut_for_later_calls_and_nothing_is_trained(tmp_path, lot, weights_of):
    base = tiny_classifier(tmp_path / "base")
    given = ["--manifest", str(lot), *QUICK, "--weights", str(weights_of()), "--champion", str(base.folder)]
    assert main([*given, "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work"), "--only-prepare"]) == 0
    assert list((tmp_path / "work").glob("crops-*/pixels.bin"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [["--manifest", "none"], ["--manifest", "none", "--set", "epochs=0"]])
def test_bad_input_is_one_clear_line(tmp_path, capsys, wrong):
    assert main([*wrong, "--out", str(tmp_path), "--work", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_group_of_sources_is_left_out_by_name_or_by_its_beginning(lot):
    rows = manifest_read(lot)
    assert without(rows, ["lot"]) == []
    assert without(rows, ["lo*"]) == []
    assert without(rows, ["lots", "l"]) == rows
    assert in_group("dealers-bg", ["dealers*"])
    assert not in_group("advertisements", ["dealers*", "stanford_cars"])
