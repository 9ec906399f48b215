"""calibrate: networks trained elsewhere become a version of the site."""

import pytest

from classifier.training.data.manifest import manifest_read
from marketplace.registry.models import ModelVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(monkeypatch, artefact, classes):
    """assembled() without networks: what it was given, and an artefact as its result."""
    from types import SimpleNamespace

    given = []

    def assembled(artefacts, rows, context, *, name, out):
        given.append((artefacts, rows, context, name, out))
        made = artefact(name=name, classes=classes("red", "blue"))
        return SimpleNamespace(artefact=made, metrics={"test": {"top1": 0.75, "make_top1": 0.9, "ece": 0.03}})

    monkeypatch.setattr("classifier.training.tools.assemble.assembled", assembled)
    return given


def test_the_result_is_a_version_that_can_be_promoted_under_the_names_of_the_catalogue(
    manage, elsewhere, champion, manifest, settings
):
    photos = manifest("red", "blue")
    ran = manage("calibrate", champion.folder, "--manifest", photos, "--name", "home", "--json")
    assert ran.code == 0
    version = ModelVersion.objects.get(version=ran.document["version"])
    assert version.version.startswith("home-")
    ((artefacts, rows, context, _, out),) = elsewhere
    assert [one.version for one in artefacts] == [champion.version]
    assert len(rows) == len(manifest_read(photos))
    assert str(out) == str(settings.ARTEFACTS_DIR)
    assert context.rename("unheard of", "make") == ("unheard of", "make")
    assert ran.document["test"]["top1"] == 0.75


def test_a_folder_or_manifest_that_is_not_there_is_one_clear_line(manage, champion, manifest, tmp_path):
    assert manage("calibrate", tmp_path / "none", "--manifest", manifest("red", "blue")).code == 2
    ran = manage("calibrate", champion.folder, "--manifest", tmp_path / "none.csv")
    assert ran.code == 2
    assert "none.csv" in ran.line
