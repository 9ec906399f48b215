"""Styles and scripts reach browsers small, and named by content."""

import gzip
import os
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders

from marketplace import static_files
from marketplace.operations import run
from marketplace.static_files import STAMP, StaticFiles, static_collect


@pytest.fixture
def sources(tmp_path, settings, monkeypatch):
    """One style sheet is all the static files there are."""
    folder = tmp_path / "sources"
    (folder / "css").mkdir(parents=True)
    (folder / "css" / "site.css").write_text("body { margin: 0 }\n" * 100)
    settings.STATICFILES_DIRS = [folder]
    finder = finders.FileSystemFinder()
    monkeypatch.setattr(static_files, "get_finders", lambda: [finder])
    return folder


def test_a_file_is_named_by_content_and_lies_there_twice_compressed(sources, tmp_path):
    assert static_collect(tmp_path / "out")
    name = StaticFiles(location=tmp_path / "out", base_url="/static/").stored_name("css/site.css")
    assert name != "css/site.css"
    plain = (sources / "css" / "site.css").read_bytes()
    assert gzip.decompress((tmp_path / "out" / f"{name}.gz").read_bytes()) == plain
    assert brotli.decompress((tmp_path / "out" / f"{name}.br").read_bytes()) == plain


def test_it_is_collected_again_when_a_file_changed_and_not_before(sources, tmp_path):
    out = tmp_path / "out"
    static_collect(out)
    assert not static_collect(out)
    (sources / "css" / "site.css").write_text("body { margin: 1px }\n")
    assert static_collect(out)
    assert (out / "css" / "site.css").read_text() == "body { margin: 1px }\n"


def test_what_was_cut_off_is_collected_again(sources, tmp_path):
    static_collect(tmp_path / "out")
    (tmp_path / "out" / STAMP).unlink()
    assert static_collect(tmp_path / "out")


@pytest.mark.parametrize(
    ("given", "collected"),
    [({}, True), ({"DEBUG": "1"}, False), ({"DEBUG": "0"}, True), ({"STATIC_COLLECTED": "0"}, False)],
)
def test_make_run_compresses_unless_told_otherwise(sources, tmp_path, settings, monkeypatch, given, collected):
    settings.VAR_DIR, settings.DEBUG = tmp_path, given.get("DEBUG", "1") == "1"
    for name in ("DEBUG", "STATIC_COLLECTED", "STATIC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    environment = dict(os.environ)
    run._static_prepare(environment, lambda line: None)
    assert (Path(tmp_path) / "staticfiles" / STAMP).exists() == collected
    assert (environment.get("STATIC_ROOT") == str(tmp_path / "staticfiles")) == collected
