"""manage.py classify"""

import pytest
from django.db import OperationalError

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
        "file", "status", "kind", "box", "image_size", "make", "candidates", "timings_ms",
    ]  # fmt: skip
    assert (first["file"], first["status"], first["kind"]) == (str(photo), "ok", "exterior")
    assert (first["box"], first["image_size"], first["make"]["name"]) == ([1, 2, 30, 40], [64, 48], "Skoda")
    assert list(first["candidates"][0]) == ["make", "model", "years", "confidence"]
    assert "chatter of a library" in ran.err


def test_it_adds_the_verdict_for_a_listing(manage, champion, photo):
    verdict = manage("classify", photo, photo, "--listing", "--json").document["verdict"]
    assert (verdict["make"]["name"], verdict["candidates"][0]["model"]) == ("Skoda", "Octavia")


def test_it_prints_lines_for_people(manage, champion, photo):
    ran = manage("classify", photo)
    assert ran.code == 0
    assert ran.out.startswith(f"{photo}: Skoda Octavia 9")


def test_it_needs_no_database(manage, artefact, classes, photo, settings, monkeypatch):
    """A fresh clone: nothing was migrated, the starter answers."""
    settings.ARTEFACTS_DIR.mkdir()

    def no_table():
        raise OperationalError("no such table: registry_modelversion")

    monkeypatch.setattr("marketplace.training.eye.champion_get", no_table)
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


def test_it_refuses_a_folder(manage, champion, tmp_path):
    ran = manage("classify", tmp_path)
    assert ran.code == 2
    assert "Is a directory" in ran.line


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


def test_it_refuses_to_run_without_photos(manage, champion):
    ran = manage("classify")
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_it_refuses_when_there_are_no_weights(manage, db, photo):
    ran = manage("classify", photo)
    assert ran.code == 2
    assert "must hold exactly one artefact" in ran.line
