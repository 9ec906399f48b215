"""manage.py classify"""

import io
import json
import weakref
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError

from classifier.recognition import Recognition
from marketplace.training.management.commands import classify
from marketplace.training.recogniser import photo_document
from tests.factories import ModelAliasFactory
from tests.training.fakes import photo_write


@pytest.fixture
def photo(tmp_path):
    return photo_write(tmp_path / "red.jpg", "red")


def test_it_prints_one_json_document_and_nothing_else(manage, champion, photo, tmp_path):
    blue = photo_write(tmp_path / "blue.jpg", "blue")
    ran = manage("classify", photo, blue, "--json")
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    document = ran.document
    assert list(document) == ["model_version", "photos"]
    assert document["model_version"] == champion.version
    first = document["photos"][0]
    assert list(first) == [
        "file", "status", "kind", "box", "image_size", "make", "candidates", "timings_ms", "view", "body",
        "colour", "cars",
    ]  # fmt: skip
    assert (first["file"], first["status"], first["kind"]) == (str(photo), "ok", "exterior")
    assert (first["box"], first["image_size"], first["make"]["name"]) == ([1, 2, 30, 40], [64, 48], "Skoda")
    assert list(first["candidates"][0]) == ["make", "model", "years", "confidence", "alike", "group_confidence"]
    assert first["view"] == {"name": "front-left", "confidence": 0.8}
    assert first["body"] == {"name": "wagon", "confidence": 0.7}
    assert (first["colour"], first["cars"]) == ({"name": "blue", "confidence": 0.9}, 1)
    assert "chatter of a library" in ran.err


def test_it_adds_the_verdict_for_a_listing(manage, champion, photo):
    verdict = manage("classify", photo, photo, "--listing", "--json").document["verdict"]
    assert (verdict["make"]["name"], verdict["candidates"][0]["model"]) == ("Skoda", "Octavia")


def test_it_prints_lines_for_people(manage, champion, photo):
    ran = manage("classify", photo)
    assert ran.code == 0
    assert ran.out.startswith(f"{photo}: Skoda Octavia 9")
    assert ran.out.endswith("; front-left 80%; wagon 70%; blue 90%\n")


def test_it_adds_up_what_the_catalogue_takes_for_one_car(manage, artefact, photo, cars):
    """The command must answer as the site does."""
    from classifier.artefact import TrainedClass
    from marketplace.registry.services import version_promote, version_register

    ModelAliasFactory(car_model=cars["Octavia"], text="Octavia RS")
    names = (TrainedClass("Skoda", "Octavia RS"), TrainedClass("SKODA", "Octavia"), TrainedClass("Volvo", "V70"))
    version = version_register(folder=artefact("two", classes=names).folder).version
    version_promote(version=version, by=None, reason="test")
    best = manage("classify", photo, "--json").document["photos"][0]["candidates"][0]
    assert (best["make"], best["model"]) == ("Škoda", "Octavia")
    assert best["confidence"] == pytest.approx(0.9934, abs=1e-3)


def test_it_needs_no_database(manage, artefact, classes, photo, settings, monkeypatch):
    """In a fresh clone nothing is migrated, and the starter answers."""
    settings.ARTEFACTS_DIR.mkdir()

    def no_table():
        raise OperationalError("no such table: registry_modelversion")

    monkeypatch.setattr("marketplace.training.recogniser.champion_get", no_table)
    monkeypatch.setattr("marketplace.training.recogniser.Make.objects.exists", no_table)
    starter = artefact("starter", classes=classes("red", "blue"))
    target = settings.STARTER_WEIGHTS_DIR / "classifier" / starter.version
    target.parent.mkdir(parents=True)
    starter.folder.rename(target)
    assert manage("classify", photo, "--json").document["model_version"] == starter.version


def test_it_answers_with_another_version(manage, champion, artefact, classes, photo):
    from marketplace.registry.services import version_register

    other = version_register(folder=artefact("other", classes=classes("blue")).folder).version
    assert manage("classify", photo, "--model", other, "--json").document["model_version"] == other


def test_it_refuses_a_missing_photo(manage, champion, tmp_path):
    ran = manage("classify", tmp_path / "no.jpg", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.line.endswith(f"No such file or directory: {tmp_path / 'no.jpg'}")


def test_it_refuses_a_folder_without_photos(manage, champion, tmp_path):
    ran = manage("classify", tmp_path)
    assert ran.code == 2
    assert f"There are no photos in {tmp_path}." in ran.line


def test_it_looks_at_a_whole_folder_and_reports_what_it_cannot_read(manage, champion, photo, tmp_path):
    below = tmp_path / "more"
    below.mkdir()
    photo_write(below / "blue.jpg", "blue")
    (below / "broken.JPG").write_bytes(b"no photo")
    (below / "notes.txt").write_text("no photo either")
    ran = manage("classify", tmp_path, "--json")
    assert ran.code == 0  # the broken one was not named as an argument
    said = {one["file"]: one["status"] for one in ran.document["photos"]}
    assert said == {str(below / "blue.jpg"): "ok", str(below / "broken.JPG"): "unreadable", str(photo): "ok"}


def test_it_writes_a_line_per_photo_as_it_goes(manage, champion, photo, tmp_path):
    photo_write(tmp_path / "blue.jpg", "blue")
    target = tmp_path / "said.jsonl"
    ran = manage("classify", tmp_path, "--lines", target, "--json")
    assert ran.code == 0
    counted = {"model_version": champion.version, "photos": 2, "counts": {"ok": 2}, "file": str(target)}
    assert ran.document == counted
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["file"] for line in lines] == [str(tmp_path / "blue.jpg"), str(photo)]
    assert lines == manage("classify", tmp_path, "--json").document["photos"]


def test_it_keeps_no_more_than_a_batch_of_answers_when_it_writes_lines(manage, champion, photo, tmp_path, monkeypatch):
    """Memory must not grow with 100,000 photos, so answers that are written are dropped."""
    kept = weakref.WeakSet()
    most = 0
    document = classify.photo_document

    def counting(*, file, recognition):
        nonlocal most
        kept.add(recognition)
        most = max(most, len(kept))
        return document(file=file, recognition=recognition)

    monkeypatch.setattr(classify, "photo_document", counting)
    for number in range(100):
        photo_write(tmp_path / f"{number}.jpg", "red")
    assert manage("classify", tmp_path, "--lines", tmp_path / "said.jsonl").code == 0
    assert most <= 3


def test_it_refuses_lines_for_one_car(manage, champion, photo, tmp_path):
    ran = manage("classify", photo, "--listing", "--lines", tmp_path / "said.jsonl")
    assert ran.code == 2
    assert "choose one of them" in ran.line


def test_it_refuses_an_unknown_version(manage, champion, photo):
    ran = manage("classify", photo, "--model", "nope-00000000")
    assert ran.code == 2
    assert f"There is no model version 'nope-00000000'. Known versions: {champion.version}." in ran.line


def test_it_says_which_photo_is_truncated_and_answers_for_the_others(manage, champion, photo, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:300])
    ran = manage("classify", photo, broken, "--json")
    assert ran.code == 2
    assert [one["status"] for one in ran.document["photos"]] == ["ok", "unreadable"]
    assert f"1 of 2 photos cannot be read: {broken} (" in ran.line


def test_a_photo_without_a_car_has_neither_view_nor_body(manage, champion, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    (said,) = manage("classify", tmp_path, "--json").document["photos"]
    assert (said["status"], said["view"], said["body"]) == ("unreadable", None, None)


def test_it_says_that_there_is_no_car():
    document = photo_document(file="cat.jpg", recognition=Recognition("not_usable", kind="other"))
    assert (document["status"], document["kind"], document["candidates"]) == ("not_usable", "other", [])
    assert classify._line(document) == "cat.jpg: there is no car on this photo"


def test_it_refuses_to_run_without_photos(manage, champion):
    ran = manage("classify")
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_it_refuses_when_there_are_no_weights(manage, db, photo):
    ran = manage("classify", photo)
    assert ran.code == 2
    assert "must hold exactly one artefact" in ran.line


def test_a_file_name_that_is_no_text_is_written_so_that_its_path_still_opens(manage, champion, photo, tmp_path):
    """Old archives have file names in Latin-1; one such name once ended a whole run."""
    strange = tmp_path / "citro\udcebn.jpg"
    photo.rename(strange)
    target = tmp_path / "said.jsonl"
    assert manage("classify", tmp_path, "--lines", target).code == 0
    (line,) = target.read_text(encoding="utf-8").splitlines()
    assert Path(json.loads(line)["file"]).read_bytes() == strange.read_bytes()


def test_it_prints_a_file_name_that_is_no_text(champion, photo, tmp_path):
    strange = tmp_path / "citro\udcebn.jpg"
    photo.rename(strange)
    for options in ([], ["--json"]):
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")  # strict like a terminal, unlike pytest's own
        call_command("classify", str(strange), *options, stdout=out)
        assert "citro\\udcebn.jpg" in out.buffer.getvalue().decode()
    assert json.loads(out.buffer.getvalue())["photos"][0]["file"] == str(strange)
