"""Every variable that the code reads is explained, and every file that a page names exists."""

import re
from pathlib import Path

import pytest

from marketplace.env import Environment
from marketplace.env import variables as names_that_are_read

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r'os\.environ(?:\.get\(|\[)\s*"([A-Z_]+)"')


def variables():
    return sorted(Environment.model_fields)


def test_nothing_is_read_past_the_typed_environment():
    found = {name for source in (ROOT / "marketplace").rglob("*.py") for name in READ.findall(source.read_text())}
    elsewhere = {"PORT", "PROMETHEUS_MULTIPROC_DIR"}  # make's, prometheus_client's
    assert "BIND" in found  # read by the probe, which starts every 15 seconds and so imports no settings
    assert found - names_that_are_read() == elsewhere


@pytest.mark.parametrize("file", ["docs/operations.md", ".env.example"])
def test_every_variable_is_explained(file):
    text = (ROOT / file).read_text()
    assert len(variables()) > 30
    assert [name for name in variables() if name not in text and name != "BIND"] == []


def test_every_variable_that_is_explained_is_read():
    """A variable that nothing reads would be set in vain."""
    others = {"POSTGRES_PASSWORD", "PUBLISH", "TARGET", "PORT", "CAR_PHOTOS"}  # compose's, make's, the tests'
    others.add("PHOTO_ROOTS")  # the classifier's, which reads no settings
    known = {*names_that_are_read(), *others}
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (ROOT / "docs" / "operations.md").read_text(), re.M)
    explained = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert explained - known == set()
    assert set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)) - known == set()


def test_every_make_target_is_explained():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):", makefile, re.M)
    assert "run" in targets
    assert [name for name in targets if f"# make {name} " not in makefile] == []


PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("file", PAGES)
def test_every_file_that_is_linked_is_there(file):
    here = (ROOT / file).parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / file).read_text())
    assert [link for link in links if not (here / link).exists()] == []


@pytest.mark.parametrize("file", PAGES)
def test_every_file_that_is_named_is_there(file):
    """Paths are relative to the project's folder. NAME stands for a file that is yet to be made."""
    text = (ROOT / file).read_text()
    named = re.findall(r"`((?:classifier|marketplace|templates|static|tests|docs|scripts)/[\w/.-]+)(?::\w+)?`", text)
    assert file != "CONTRIBUTING.md" or len(named) > 30
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []


def test_the_test_command_of_the_readme_is_what_ci_runs():
    assert "```sh\nmake test\n```" in (ROOT / "README.md").read_text()
    assert re.findall(r"^(?:\S+=\S+ )*make test$", (ROOT / ".ci" / "run").read_text(), re.M)
