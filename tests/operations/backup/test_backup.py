"""A backup brings back a site as it was, and nothing else."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from classifier.training.progress import Silent
from marketplace.operations.backup import services
from marketplace.operations.backup.services import backup_check, backup_make, backup_restore
from marketplace.operations.errors import SiteError
from marketplace.photos.models import Photo
from tests.factories import ListingFactory, PhotoFactory
from tests.pictures import jpeg
from tests.postgres import new_database

ROOT = Path(__file__).parents[3]


@pytest.fixture
def site(settings, tmp_path, transactional_db):
    """A site with a car, its photos, an artefact and a run."""
    settings.ARTEFACTS_DIR, settings.RUNS_DIR = tmp_path / "artefacts", tmp_path / "runs"
    PhotoFactory.create_batch(2, listing=ListingFactory(), with_files=True)
    for path in ("artefacts/a-00000000/model.json", "runs/1/report.html", "runs/work/features.sqlite3", "runs/lock"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return tmp_path


def elsewhere(var, database_url):
    """`manage.py` on another machine, with nothing in its folder."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VAR_DIR")}
    environment |= {"VAR_DIR": str(var), "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "marketplace.settings"}
    if database_url:
        environment["DATABASE_URL"] = database_url

    def run(*words):
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, words)], cwd=ROOT, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    return run


def sums(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def empty_database():
    if connection.vendor == "sqlite":
        yield None
        return
    with new_database(os.environ["DATABASE_URL"], "restore") as url:
        yield url


def test_what_was_backed_up_stands_in_an_empty_place_as_it_was_and_only_there(site, settings, tmp_path, empty_database):
    backup = tmp_path / "backup"
    made = backup_make(folder=backup, progress=Silent())
    assert made.files == {"media": 4, "artefacts": 1, "runs": 1}
    assert backup.stat().st_mode & 0o077 == 0
    manage = elsewhere(tmp_path / "var", empty_database)
    restored = manage("restore", backup, "--json")
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["files"] == dict(made.files)
    for place in ("media", "artefacts"):
        assert sums(tmp_path / "var" / place) == sums(tmp_path / place)
    checked = manage("verify_media", "--backup", backup, "--json")
    assert json.loads(checked.stdout) == {"files": 4, "missing": [], "altered": [], "orphaned": []}
    again = manage("restore", backup)
    assert again.returncode == 2
    assert "is not empty" in again.stderr
    assert len(again.stderr.splitlines()) == 1


def test_a_backup_that_was_changed_or_never_finished_is_refused(site, tmp_path):
    backup = tmp_path / "backup"
    backup_make(folder=backup, progress=Silent())
    with pytest.raises(SiteError, match="is not empty"):
        backup_make(folder=backup, progress=Silent())
    photo = next((backup / "media" / "photos").iterdir())
    content = photo.read_bytes()
    photo.write_bytes(content[:-1] + b"x")
    with pytest.raises(SiteError, match="missing, damaged or changed"):
        backup_check(folder=backup, progress=Silent())
    photo.write_bytes(content)
    (backup / "SHA256SUMS").write_text("")
    with pytest.raises(SiteError, match="was changed"):
        backup_check(folder=backup, progress=Silent())
    (backup / "backup.json").unlink()
    with pytest.raises(SiteError, match="no complete backup"):
        backup_restore(folder=backup, progress=Silent())


def test_a_photo_that_comes_during_the_backup_has_its_files_in_it(site, tmp_path, monkeypatch):
    dump = services.database_dump

    def uploaded_meanwhile(path):
        PhotoFactory(listing=ListingFactory(), with_files=True)
        dump(path)

    monkeypatch.setattr(services, "database_dump", uploaded_meanwhile)
    backup_make(folder=tmp_path / "backup", progress=Silent())
    there = sums(tmp_path / "backup" / "media")
    assert {one.file.name for one in Photo.objects.all()} <= there.keys()


def test_it_tells_missing_altered_and_orphaned_pictures(site, settings, capsys):
    one, other = Photo.objects.all()
    media = Path(settings.MEDIA_ROOT)
    (media / one.file.name).unlink()
    shutil.copy(media / other.card.name, media / "cards" / "orphan.jpg")
    (media / other.file.name).write_bytes((media / other.file.name).read_bytes()[:-2])
    with pytest.raises(Exception, match="1 missing and 1 altered"):
        call_command("verify_media", json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["missing"], found["altered"]) == ([one.file.name], [other.file.name])
    assert found["orphaned"] == ["cards/orphan.jpg"]


def test_another_clean_picture_of_the_same_size_is_no_longer_what_was_stored(site, settings, capsys):
    one = Photo.objects.all()[0]
    media = Path(settings.MEDIA_ROOT)
    one.master_sha256 = hashlib.sha256((media / one.file.name).read_bytes()).hexdigest()
    one.save(update_fields=["master_sha256"])
    call_command("verify_media", json=True)
    assert json.loads(capsys.readouterr().out)["altered"] == []
    (media / one.file.name).write_bytes(jpeg("orange", size=(one.width, one.height)))
    with pytest.raises(Exception, match="1 altered"):
        call_command("verify_media", json=True)
