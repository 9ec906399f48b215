"""Encrypted backups: only the holder of the key reads them."""

import os
import shutil
import subprocess

import pytest

from marketplace.operations.backup import sealing
from marketplace.operations.backup.sealing import backup_opened, backup_seal, seal_check
from marketplace.operations.errors import SiteError

WHO = "backup@example.org"


@pytest.fixture
def gpg(tmp_path, monkeypatch):
    """A key without a passphrase, in a folder of its own."""
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg")
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    made = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", WHO, "default", "default", "never"]
    subprocess.run(made, check=True, capture_output=True)
    yield
    subprocess.run(["gpgconf", "--kill", "all"], check=False, env=dict(os.environ))


@pytest.fixture
def backup(tmp_path):
    folder = tmp_path / "backup"
    (folder / "media" / "photos").mkdir(parents=True)
    (folder / "media" / "photos" / "a.jpg").write_bytes(b"a stranger's face" * 9_999)
    (folder / "backup.json").write_text("{}")
    return folder


def test_a_sealed_backup_is_one_file_that_the_key_opens(gpg, backup):
    seal_check(WHO)
    sealed = backup_seal(folder=backup, key=WHO)
    assert [path.name for path in backup.iterdir()] == [sealed.name] == ["backup.tar.gpg"]
    assert b"stranger" not in sealed.read_bytes()
    with backup_opened(backup, identity=None) as plain:
        assert (plain / "media" / "photos" / "a.jpg").read_bytes() == b"a stranger's face" * 9_999
    assert [path.name for path in backup.iterdir()] == ["backup.tar.gpg"]


def test_a_damaged_one_is_refused_in_one_line(gpg, backup):
    sealed = backup_seal(folder=backup, key=WHO)
    sealed.write_bytes(sealed.read_bytes()[:-500])
    with pytest.raises(SiteError, match=r"backup\.tar\.gpg cannot be opened: "), backup_opened(backup, identity=None):
        pass


def test_a_key_that_nobody_has_is_refused_before_anything_is_copied(gpg, backup):
    with pytest.raises(SiteError, match=r"gpg cannot encrypt to nobody@example\.org: "):
        seal_check("nobody@example.org")


@pytest.mark.parametrize("key", ["age1qqqq", WHO])
def test_a_missing_tool_is_named(monkeypatch, backup, key):
    monkeypatch.setattr(sealing.shutil, "which", lambda _: None)
    with pytest.raises(SiteError, match=r"There is no (age|gpg) on this machine\. Install it, or"):
        seal_check(key)
    (backup / "backup.tar.age").touch()
    with pytest.raises(SiteError, match="There is no age"), backup_opened(backup, identity=None):
        pass


def test_a_plain_backup_is_opened_as_it_is(backup):
    with backup_opened(backup, identity=None) as plain:
        assert plain == backup
