"""manage.py retrain, evaluate, export_labels, benchmark: what they print and refuse."""

import json

import pytest

from classifier.artefact import TrainedClass
from marketplace.moderation.services import decision_make
from marketplace.registry.selectors import champion_get
from tests.factories import ModelAliasFactory
from tests.training.fakes import photo_write


def test_retrain_prints_run_version_report_and_gates(manage, champion, manifest, trained):
    trained("red", "lime", "blue", "gray")
    lot = manifest("red", "lime", "blue", "gray", cars=80)
    ran = manage("retrain", "--manifest", lot, "--recipe", "quick", "--json")
    assert ran.code == 0
    document = ran.document
    assert document["version"] == champion_get().version
    assert (document["champion"], document["promoted"]) == (champion.version, True)
    assert {"run", "report", "gates", "metrics"} <= set(document)
    assert list(document["gates"][0]) == ["name", "value", "limit", "passed", "text", "evidence", "shown"]
    assert document["headline"] == "+1 model; old models +0.0 points (+0.0…+0.0)"


def test_retrain_ends_with_1_when_a_gate_fails(manage, champion, manifest, trained):
    trained("red")
    ran = manage("retrain", "--manifest", manifest("red", "blue"), "--recipe", "quick", "--json")
    assert ran.code == 1
    assert not ran.document["promoted"]
    *told, last = ran.err.splitlines()
    assert any("photos" in line for line in told)  # how far it is
    assert "Not promoted: " in last
    assert champion_get() == champion


@pytest.mark.parametrize(
    ("arguments", "why"),
    [(["--epochs", "many"], "argument --epochs"), (["--recipe", "brazl"], "no recipe 'brazl'")],
)
def test_retrain_refuses_in_a_document_too(manage, champion, arguments, why):
    ran = manage("retrain", *arguments, "--json")
    assert ran.code == 2
    assert why in ran.document["refused"]
    assert why in ran.err


def test_an_interrupted_retrain_says_so_in_its_document(manage, champion, manifest, trained):
    trained("red", fails=KeyboardInterrupt())
    ran = manage("retrain", "--manifest", manifest("red", "blue"), "--recipe", "quick", "--json")
    assert (ran.code, ran.document) == (130, {"refused": "Interrupted."})


def test_retrain_prints_each_gate_for_people(manage, champion, manifest, trained):
    trained("red", "blue", "lime", "gray")
    lot = manifest("red", "lime", "blue", "gray", cars=80)
    ran = manage("retrain", "--manifest", lot, "--promote", "never")
    assert ran.code == 0
    assert "\n+1 model; old models +0.0 points (+0.0…+0.0)\n" in ran.out
    assert "  pass  old cars: top-1 +0.000 (95 % interval +0.000 … +0.000)  [top1_difference 0, " in ran.out
    assert "limit -0.02, on 30 photos of 3 models, 2 makes, 1 source]" in ran.out
    assert "It was not asked to serve: promote challenger-" in ran.out


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--manifest", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["--recipe", "brazl"], "no recipe 'brazl'"),
        (["--set", "epoch=3"], "unknown key 'epoch' (did you mean 'epochs'?)"),
        (["--set", "epochs"], "'epochs' is not KEY=VALUE, as in epochs=5"),
        (["--epochs", "0"], "--epochs must be more than 0, it is 0."),
        (["--max-minutes", "-1"], "--max-minutes must be more than 0, it is -1.0."),
        (["--external", "nowhere"], "nowhere: cannot be read"),
        ([], "There is nothing to learn from"),
        (["--no-decisions"], "There is nothing to learn from: decisions are refused. Name a manifest with --manifest."),
        (["--merge", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--usable", "7"], "--usable must lie between 0 and 1, it is 7.0."),
    ],
)
def test_retrain_refuses_in_one_line(manage, champion, trained, arguments, answer):
    trained("red")
    ran = manage("retrain", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert answer in ran.err.splitlines()[-1]
    assert champion_get() == champion


def test_a_further_process_of_torchrun_helps_to_train_and_touches_neither_database_nor_output(manage, monkeypatch):
    helped = []
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("classifier.training.loop.fit.fit_help", lambda: helped.append(1))
    ran = manage("retrain", "--recipe", "no-such-recipe", "--json")  # the first process refuses it
    assert (ran.code, ran.out, helped) == (0, "", [1])


def test_retrain_refuses_an_empty_manifest(manage, champion, trained, tmp_path):
    trained("red")
    empty = tmp_path / "manifest.csv"
    empty.write_text("file,make,model\n")
    ran = manage("retrain", "--manifest", empty)
    assert ran.code == 2
    assert f"{empty}: has no rows" in ran.line


def test_retrain_refuses_photos_that_cannot_be_read_in_one_line(manage, champion, manifest, trained):
    trained("red")
    lot = manifest("red", "blue")
    for photo in lot.parent.glob("*.jpg"):
        photo.write_bytes(b"no photo")
    ran = manage("retrain", "--manifest", lot, "--json")
    assert ran.code == 2
    assert "unreadable: 40 photos left out: they cannot be read." in ran.document["refused"]
    assert "unreadable: 40 photos left out: they cannot be read." in ran.err.splitlines()[-1]
    assert champion_get() == champion


def test_retrain_says_that_the_disk_is_full(manage, champion, manifest, trained):
    trained(fails=OSError(28, "No space left on device", "/var/site/model"))
    ran = manage("retrain", "--manifest", manifest("red", "lime", "blue"), "--json")
    assert ran.code == 2
    assert ran.document["refused"].endswith(
        "No space left on device: /var/site/model. Free some space there, or set VAR_DIR to a folder on another disk."
    )
    assert champion_get() == champion


def test_retrain_says_that_var_cannot_be_written(manage, champion, manifest, trained, settings):
    trained("red")
    settings.RUNS_DIR = settings.VAR_DIR / "file" / "runs"
    (settings.VAR_DIR / "file").write_text("in the way")
    ran = manage("retrain", "--manifest", manifest("red"))
    assert ran.code == 2
    assert "Not a directory" in ran.err.splitlines()[-1]


def test_evaluate_refuses_in_one_line(manage, champion, tmp_path, manifest):
    ran = manage("evaluate", tmp_path / "no.csv", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be read" in ran.line
    assert "no model version 'x'" in manage("evaluate", manifest("red"), "--model", "x").line
    assert "is on the val side" in manage("evaluate", manifest("red"), "--side", "val").line


def test_evaluate_measures_one_side_of_the_split(manage, champion, manifest):
    assert manage("evaluate", manifest("red", "lime"), "--side", "test", "--json").document["photos"] == 20


def test_evaluate_writes_a_report_with_pictures_of_one_s_own(manage, champion, manifest, tmp_path):
    own = tmp_path / "own"
    photo_write(own / "red.jpg", "red")
    page = tmp_path / "reports" / "mine.html"
    ran = manage("evaluate", manifest("red", "gray"), "--report", page, "--external", own)
    assert ran.code == 0
    assert f"report                  {page}" in ran.out
    text = page.read_text()
    assert "make right 100.0 %" in text
    assert "Your own pictures" in text
    assert json.loads(page.with_suffix(".json").read_text())["external"][0]["answer"] == "Skoda Octavia"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--external", "."], "say where to write it with --report"),
        (["--report", "mine.pdf"], "its name ends in .html"),
        (["--report", "r.html", "--external", "none"], "none: cannot be read"),
        (["--report", "manifest.csv/r.html"], "manifest.csv/r.html: cannot be written (File exists)"),
    ],
)
def test_evaluate_refuses_a_report_that_cannot_be_written(manage, champion, manifest, monkeypatch, arguments, answer):
    lot = manifest("red", "lime", cars=4)
    monkeypatch.chdir(lot.parent)
    ran = manage("evaluate", lot, *arguments, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert answer in ran.line


def test_evaluate_names_the_worst_confused_pairs_and_each_view(manage, champion, manifest):
    lot = manifest("red", "lime")
    lot.write_text(lot.read_text().replace("split", "split,view").replace("train\n", "train,front\n"))
    lot.write_text(lot.read_text().replace("Skoda,Fabia", "Skoda,Octavia"))
    figures = manage("evaluate", lot, "--json").document
    assert figures["confused"][0] == {
        "one": "Skoda Octavia", "other": "Skoda Fabia", "photos": [40, 0], "mistaken": [20, 0], "share": 0.5,
    }  # fmt: skip
    assert figures["views"] == {"front": {"known": 20, "make_top1": 1.0, "model_top1": 0.5}}
    assert "Skoda Octavia as Skoda Fabia 20 of 40, the other way round 0 of 0" in manage("evaluate", lot).out


def test_evaluate_knows_a_car_by_any_of_its_names_in_the_catalogue(manage, champion, cars, manifest):
    lot = manifest("red", "lime")
    lot.write_text(lot.read_text().replace("Octavia", "Octavia Combi"))
    figures = manage("evaluate", lot, "--json").document
    assert (figures["photos"], figures["known"], figures["model_top1"]) == (40, 40, 1.0)
    assert figures["names"] == "by the catalogue"


def test_evaluate_is_as_sure_as_the_site_that_adds_up_names_of_one_car(manage, artefact, cars, manifest):
    """The site adds up two trained bodies of a model, so its confidence in the model is higher."""
    ModelAliasFactory(car_model=cars["Octavia"], text="Octavia RS")
    names = (TrainedClass("Skoda", "Octavia"), TrainedClass("Skoda", "Octavia RS"), TrainedClass("Volvo", "V70"))
    manage("promote", artefact("bodies", classes=names).version, "--force", "--reason", "a test")
    figures = manage("evaluate", manifest("red"), "--json").document
    assert (figures["top1"], figures["model_top1"]) == (1.0, 1.0)
    assert figures["ece"] == pytest.approx(1 - (0.98 + 2 * 0.02 / 3), abs=1e-4)


def test_evaluate_compares_letters_where_there_is_no_catalogue(manage, champion, manifest):
    lot = manifest("red", "lime")
    lot.write_text(lot.read_text().replace("Octavia", "Octavia Combi"))
    figures = manage("evaluate", lot, "--json").document
    assert (figures["known"], figures["names"]) == (20, "by their letters")


def test_export_labels_writes_a_manifest(manage, waiting, bob, site):
    ran = manage("export_labels", "--json")
    assert ran.code == 2
    assert "No person has confirmed" in ran.line
    decision_make(listing=waiting("Octavia"), moderator=bob, action="accept")
    document = json.loads(manage("export_labels", "--json").out)
    assert document == {
        "manifest": str(site / "decisions" / "manifest.csv"), "format": "manifest", "photos": 1, "vehicles": 1,
        "left_out": 0,
    }  # fmt: skip


def test_benchmark_refuses_in_one_line(manage, champion, tmp_path):
    assert "There are no photos in" in manage("benchmark", tmp_path).line
    assert "Not a directory" not in manage("benchmark", tmp_path / "none").out
    assert manage("benchmark", tmp_path / "none").code == 2


@pytest.mark.parametrize(
    "name",
    [
        "classify",
        "evaluate",
        "retrain",
        "promote",
        "rerecognise",
        "rollback",
        "models",
        "export_labels",
        "import_dataset",
        "benchmark",
    ],
)
def test_each_has_one_line_of_help(manage, name):
    from django.core.management import get_commands, load_command_class

    command = load_command_class(get_commands()[name], name)
    assert command.help
    assert "\n" not in command.help
