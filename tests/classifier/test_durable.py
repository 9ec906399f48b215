"""Files and folders are written completely or not at all."""

import errno

import pytest

from classifier import durable
from classifier.durable import file_write, folder_write, text_beside


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_folder_appears_with_all_its_files(tmp_path):
    assert folder_write(tmp_path / "new" / "one", {"a": b"1", "b": b"2"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "new" / "one").iterdir()} == {"a": b"1", "b": b"2"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["one"]


def test_whoever_comes_second_leaves_the_first_ones_folder(tmp_path):
    folder_write(tmp_path / "one", {"a": b"first"})
    assert not folder_write(tmp_path / "one", {"a": b"second"})
    assert (tmp_path / "one" / "a").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "_write_synced", full)
    with pytest.raises(OSError, match="No space left"):
        folder_write(tmp_path / "one", {"a": b"1"})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_half(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        file_write(tmp_path / "a", b"1")
    with pytest.raises(OSError, match="No space left"), text_beside(tmp_path / "a") as file:
        file.write("1")
    with pytest.raises(KeyError), text_beside(tmp_path / "a") as file:
        raise KeyError(file.write("1"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_a_secret_is_for_its_owner_before_it_is_written(tmp_path):
    with text_beside(tmp_path / "a", mode=0o600) as file:
        file.write("secret")
        (beside,) = tmp_path.iterdir()
        assert beside.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_file_is_replaced_at_once(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    file_write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
