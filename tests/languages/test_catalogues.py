"""Catalogues hold all that the code says, and nothing half done is compiled.

To translate: docs/languages.md. A language whose catalogue is whole goes into ``COMPLETE``.
"""

import csv
import os
import shutil
import subprocess
import sys

import polib
import pytest
from django.conf import settings

from tests.languages.catalogues import COMPLETE, LANGUAGES, catalogue, faults, po_path

SOURCES = ("marketplace", "templates")


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """The entries that makemessages finds in the code, written from nothing."""
    assert shutil.which("xgettext"), "install Debian's gettext: without it nobody knows what is not translated"
    copy = tmp_path_factory.mktemp("site")
    for name in SOURCES:
        shutil.copytree(settings.BASE_DIR / name, copy / name)
    shutil.copy(settings.BASE_DIR / "manage.py", copy)
    (copy / "classifier").symlink_to(settings.BASE_DIR / "classifier")
    (copy / "tests").symlink_to(settings.BASE_DIR / "tests")
    asked = [sys.executable, "manage.py", "makemessages", "--locale", "de"]
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    subprocess.run(asked, cwd=copy, env=environment, check=True, capture_output=True, text=True)
    return polib.pofile(str(copy / "locale/de/LC_MESSAGES/django.po"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_what_the_code_says_and_nothing_else(extracted, language):
    found, held = _keys(extracted), _keys(catalogue(language))
    assert found - held == set(), "run make messages and translate these"
    assert held - found == set(), "run make messages: the code says these no more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_translated_is_wrong(language):
    wrong = [f"{entry.msgid}: {fault}" for entry in catalogue(language) for fault in faults(entry)]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_a_guess(language):
    assert [entry.msgid for entry in catalogue(language) if entry.fuzzy or entry.obsolete] == []


@pytest.mark.parametrize("language", COMPLETE or [pytest.param("", marks=pytest.mark.skip("none is complete yet"))])
def test_a_complete_language_leaves_nothing_out(language):
    assert [entry.msgid for entry in catalogue(language).untranslated_entries()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_was_translated(language):
    compiled = polib.mofile(str(po_path(language).with_suffix(".mo")))
    assert _said(compiled) == _said(catalogue(language).translated_entries()), "run make messages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_of_the_trade_is_the_same_on_every_page(language):
    with (settings.BASE_DIR / "docs/terms.csv").open(encoding="utf-8", newline="") as file:
        terms = {row["en"].casefold(): row[language] for row in csv.DictReader(file)}
    other = [
        f"{entry.msgid}: {entry.msgstr}, in docs/terms.csv {terms[entry.msgid.casefold()]}"
        for entry in catalogue(language).translated_entries()
        if not entry.msgid_plural
        and entry.msgid.casefold() in terms
        and entry.msgstr.casefold() != terms[entry.msgid.casefold()].casefold()
    ]
    assert other == []


def test_the_list_of_terms_has_a_word_for_each_once():
    with (settings.BASE_DIR / "docs/terms.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == {"en", *LANGUAGES}
    assert all(word.strip() == word and word for row in rows for word in row.values())
    english = [row["en"].casefold() for row in rows]
    assert sorted(english) == sorted(set(english))


def _keys(entries: polib.POFile) -> set[tuple[str | None, str, str]]:
    return {(entry.msgctxt, entry.msgid, entry.msgid_plural) for entry in entries if not entry.obsolete}


def _said(entries) -> dict[tuple[str | None, str], object]:
    return {
        (entry.msgctxt, entry.msgid): dict(entry.msgstr_plural) if entry.msgid_plural else entry.msgstr
        for entry in entries
    }
