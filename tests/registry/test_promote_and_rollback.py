"""Which version serves."""

import threading

import pytest
from django.db import IntegrityError, connections, transaction

from marketplace.registry.models import ModelVersion, Promotion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import RegistryError, version_promote, version_register, version_rollback


def serves():
    return champion_get().version.split("-")[0]


def promote(version):
    version_promote(version=version, by=None, reason="test")


def test_a_rollback_goes_back_step_by_step_and_then_no_further(registered):
    for name in "abc":
        promote(registered(name))
    version_rollback(by=None)
    assert serves() == "b"
    version_rollback(by=None)
    assert serves() == "a"
    with pytest.raises(RegistryError, match=r"a-\w+ has no predecessor"):
        version_rollback(by=None)


def test_a_rollback_goes_back_to_what_served_not_to_what_was_undone(registered):
    a, b, c = (registered(name) for name in "abc")
    promote(a)
    promote(b)
    version_rollback(by=None)
    promote(c)
    version_rollback(by=None)
    assert serves() == "a"


def test_rolling_back_ends_where_a_version_was_promoted_twice(registered):
    a, b = registered("a"), registered("b")
    for version in (a, b, a):
        promote(version)
    version_rollback(by=None)
    assert serves() == "b"
    version_rollback(by=None)
    assert serves() == "a"
    with pytest.raises(RegistryError, match="no predecessor"):
        version_rollback(by=None)


def test_a_promotion_remembers_who_and_why(registered, bob):
    promote(registered("a"))
    version_promote(version=registered("b"), by=bob, reason="better by 2 points")
    last = Promotion.objects.first()
    assert (last.by, last.reason, last.previous.version[0]) == (bob, "better by 2 points", "a")


def test_a_forced_promotion_has_a_reason(registered, db):
    with pytest.raises(RegistryError, match="--reason"):
        version_promote(version=registered("a"), by=None, reason=" ", forced=True)
    promote(registered("a"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.update(forced=True, reason="")


def test_promoting_refuses_an_unknown_version_and_the_one_that_serves(registered):
    version = registered("a")
    promote(version)
    with pytest.raises(RegistryError, match=f"no model version 'z'. Known versions: {version}"):
        promote("z")
    with pytest.raises(RegistryError, match="already serves"):
        promote(version)
    assert Promotion.objects.count() == 1


def test_a_site_without_a_champion_cannot_be_rolled_back(db):
    with pytest.raises(RegistryError, match="no champion"):
        version_rollback(by=None)


def test_a_tampered_artefact_is_refused_and_the_champion_stays(artefact, registered):
    promote(registered("a"))
    b = artefact("b")
    version = version_register(folder=b.folder).version
    weights = bytearray(b.weights_path.read_bytes())
    weights[-1] ^= 1
    b.weights_path.write_bytes(weights)
    with pytest.raises(RegistryError, match=r"cannot serve: .*damaged or changed"):
        promote(version)
    with pytest.raises(RegistryError, match="damaged or changed"):
        version_register(folder=b.folder)
    assert serves() == "a"


def test_registering_refuses_an_artefact_of_another_task(artefact, db):
    other = artefact("d", task="detector", classes=(), labels=("vehicle",))
    with pytest.raises(RegistryError, match="is a detector, not a make and model classifier"):
        version_register(folder=other.folder)


def test_promoting_refuses_a_version_whose_folder_is_gone(artefact, registered):
    import shutil

    version = registered("a")
    shutil.rmtree(artefact("a").folder)
    with pytest.raises(RegistryError, match="cannot serve: no artefact"):
        promote(version)


def test_the_database_allows_one_champion(registered):
    promote(registered("a"))
    version = registered("b")
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(version=version).update(status="champion")


@pytest.mark.django_db(transaction=True)
def test_one_champion_is_left_when_many_promote_at_once(registered):
    versions = [registered(name) for name in "abcdefgh"]
    start = threading.Barrier(len(versions))
    errors = []

    def work(version):
        try:
            start.wait(10)
            promote(version)
        except RegistryError as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert ModelVersion.objects.filter(status="champion").count() == 1
    # Each replaced the one before.
    chain = list(Promotion.objects.order_by("pk"))
    assert [row.previous for row in chain] == [None, *[row.version for row in chain[:-1]]]
