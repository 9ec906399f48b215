"""The model that comes with the program, on a new site and after an upgrade."""

import errno
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from marketplace.registry.models import ModelVersion, Promotion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import RegistryError, starter_register, version_promote, version_rollback

pytestmark = pytest.mark.django_db


@pytest.fixture
def ships(artefact, settings, tmp_path):
    """`ships("a")`: a release of the program that comes with this starter only."""
    settings.STARTER_WEIGHTS_DIR = tmp_path / "weights"

    def release(name):
        made = artefact(name)
        shutil.rmtree(settings.STARTER_WEIGHTS_DIR, ignore_errors=True)
        target = settings.STARTER_WEIGHTS_DIR / "classifier" / made.version
        shutil.copytree(made.folder, target)
        shutil.rmtree(made.folder)
        return made.version

    return release


def test_it_serves_on_a_new_site(ships):
    version = ships("a")
    assert starter_register().version == version
    assert starter_register().version == version
    assert Promotion.objects.get().reason == "starter"


def test_an_upgrade_brings_the_new_one_and_the_old_one_can_still_serve(ships):
    old = ships("a")
    starter_register()
    new = ships("b")
    assert starter_register().version == new
    assert version_rollback(by=None).version == old
    assert starter_register().version == old  # a starter that was rolled back from does not return


def test_an_upgrade_leaves_what_an_operator_promoted(ships, registered):
    ships("a")
    starter_register()
    trained = registered("trained")
    version_promote(version=trained, by=None, reason="better")
    new = ships("b")
    assert starter_register().version == trained
    assert ModelVersion.objects.get(version=new).status == "candidate"
    assert version_promote(version=new, by=None, reason="try it").version == new


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("upgrade", [False, True])
def test_two_setups_at_once_both_end_well(ships, upgrade):
    version = ships("a")
    if upgrade:
        starter_register()
        version = ships("b")
    start = threading.Barrier(2)

    def work(_):
        try:
            start.wait(10)
            return starter_register().version
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == [version, version]
    assert Promotion.objects.count() == 1 + upgrade


def test_a_damaged_one_serves_nobody(ships, settings):
    version = ships("a")
    (settings.STARTER_WEIGHTS_DIR / "classifier" / version / "model.safetensors").write_bytes(b"x")
    with pytest.raises(RegistryError, match="sha256"):
        starter_register()
    assert champion_get() is None
    assert not settings.ARTEFACTS_DIR.joinpath(version).exists()


def test_a_full_disk_leaves_no_half_of_it(ships, settings, monkeypatch):
    ships("a")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("classifier.durable._write_synced", full)
    with pytest.raises(RegistryError, match="No space left on device"):
        starter_register()
    assert not ModelVersion.objects.exists()
    assert list(settings.ARTEFACTS_DIR.iterdir()) == []
