"""manage.py models, promote, rollback"""

import shutil

import pytest
from django.db import OperationalError

from marketplace.registry.models import ModelVersion, Promotion
from marketplace.registry.selectors import champion_get
from marketplace.training.models import TrainingRun
from tests.factories import TrainingRunFactory

FORCED = ("--force", "--reason", "a test")
SAME = "top-1 +0.000, 0 models learned"


def test_two_real_artefacts_are_promoted_and_rolled_back(manage, registered):
    a, b = registered("a"), registered("b")
    assert manage("promote", a, "--json").document == {"version": a, "previous": None, "overrode": []}
    document = manage("promote", b, "--force", "--reason", "a test", "--json").document
    assert document == {"version": b, "previous": a, "overrode": ["never compared"]}
    assert champion_get().version == b
    assert manage("rollback", "--json").document == {"version": a, "previous": b}
    assert champion_get().version == a
    ran = manage("rollback")
    assert ran.code == 2
    assert f"{a} has no predecessor" in ran.line


@pytest.fixture
def compared(registered):
    """`compared(True, False)`: a champion, and a candidate with two runs.

    The first run passed its gates, the second, newer one failed.
    """

    def make(*runs):
        serving = ModelVersion.objects.get(version=registered("serving"))
        ModelVersion.objects.filter(pk=serving.pk).update(status="champion")
        version = ModelVersion.objects.get(version=registered("candidate"))
        for passed in runs:
            gates = [
                {"name": "ece", "value": 0.04, "limit": 0.05, "passed": True, "text": "calibration error 0.040"},
                {
                    "name": "gain",
                    "value": 0.0,
                    "limit": 0.0,
                    "passed": passed,
                    "text": "top-1 +0.000, 0 models learned",
                },
            ]
            TrainingRunFactory(done=True, version=version, champion=serving, gates=gates)
        return version.version

    return make


def test_a_version_whose_gates_passed_serves_without_a_word(manage, compared):
    version = compared(False, True)
    assert manage("promote", version).code == 0
    assert champion_get().version == version
    row = Promotion.objects.get()
    assert (row.forced, row.overrode, bool(row.operator)) == (False, [], True)


def test_failed_gates_are_overridden_with_a_reason_that_is_kept(manage, compared):
    version = compared(True, False)
    for half in ([], ["--force"], ["--reason", "urgent"], ["--force", "--reason", " "]):
        ran = manage("promote", version, *half, "--json")
        assert (ran.code, ran.out) == (2, "")
        assert f"{version} did not pass its gates in run " in ran.line
        assert "(gain: top-1 +0.000, 0 models learned)" in ran.line
        assert '--force --reason "why"' in ran.line
    assert champion_get().version.startswith("serving-")
    ran = manage("promote", version, "--force", "--reason", "a recall of the serving one")
    assert "in spite of  gain: top-1 +0.000" in ran.out
    row = Promotion.objects.get()
    assert (row.forced, row.reason) == (True, "a recall of the serving one")
    assert row.overrode == [f"gain: {SAME}"]


def test_a_version_that_was_never_compared_takes_a_reason_too(manage, compared):
    version = compared()
    assert f"{version} was never compared with what serves" in manage("promote", version).line
    assert manage("promote", version, *FORCED).code == 0
    assert Promotion.objects.get().overrode == ["never compared"]


def test_what_was_compared_with_another_one_than_serves_takes_a_reason_too(manage, compared, registered):
    version = compared(True)
    rival = TrainingRun.objects.get().champion
    other = registered("other")
    manage("promote", other, *FORCED)
    ran = manage("promote", version)
    assert (ran.code, champion_get().version) == (2, other)
    assert f"{version} was compared with {rival}, not with {other}, which serves now" in ran.line
    assert manage("promote", version, *FORCED).code == 0
    assert f"not with {other}" in Promotion.objects.latest("pk").overrode[0]
    # If the version that it was compared with serves again, it may be promoted.
    manage("promote", rival.version, *FORCED)
    assert manage("promote", version).code == 0


def test_models_lists_versions(manage, registered):
    a, b = registered("a"), registered("b")
    manage("promote", a)
    document = manage("models", "--json").document
    assert document["champion"] == a
    assert [(one["version"], one["status"]) for one in document["models"]] == [(b, "candidate"), (a, "champion")]
    assert document["models"][0]["metrics"]["test"]["top1"] == 0.75
    assert f"→ {a}  champion" in manage("models").out


def test_the_lines_of_models_have_the_figures_to_choose_by(manage, artefact, db):
    made = artefact("measured", metrics={"test": {"top1": 0.8434, "make_top1": None, "ece": 0.04}})
    manage("promote", made.version)
    assert manage("models").out.rstrip().endswith("top1 0.843  ece 0.040")


def test_models_lists_nothing_on_a_new_site(manage, db):
    assert manage("models", "--json").document == {"champion": None, "models": []}


def test_promote_takes_what_was_copied_here(manage, artefact, db):
    folder = artefact("elsewhere").folder
    assert manage("promote", folder.name, "--json").document["version"] == folder.name


def test_promote_refuses_an_unknown_version(manage, registered):
    a = registered("a")
    ran = manage("promote", "../../etc")
    assert (ran.code, ran.out) == (2, "")
    assert f"There is no model version '../../etc'. Known versions: {a}." in ran.line


def test_promote_refuses_a_tampered_artefact(manage, artefact, registered):
    a = registered("a")
    with (artefact("a").folder / "model.safetensors").open("ab") as file:
        file.write(b"x")
    ran = manage("promote", a, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "damaged or changed" in ran.line
    assert champion_get() is None


def test_models_check_tells_what_is_damaged_from_what_is_whole(manage, artefact, registered, settings):
    registered("a")
    ran = manage("models", "--check", "--json")
    assert (ran.code, ran.document["damaged"]) == (0, [])
    with (artefact("a").folder / "model.safetensors").open("ab") as file:
        file.write(b"x")
    converted = settings.ENGINE_CACHE_DIR / "a-00000000-ov1"
    converted.mkdir(parents=True)
    ran = manage("models", "--check", "--json")
    shutil.rmtree(converted)
    assert ran.code == 1
    assert [("model.safetensors" in one, "-ov1" in one) for one in ran.document["damaged"]] == [(1, 0), (0, 1)]
    assert "Damaged or edited: " in ran.line


def test_rollback_refuses_to_go_back_to_what_is_gone(manage, artefact, registered):
    a, b = registered("a"), registered("b")
    manage("promote", a)
    manage("promote", b, *FORCED)
    shutil.rmtree(artefact("a").folder)
    ran = manage("rollback")
    assert ran.code == 2
    assert f"{a} cannot serve" in ran.line
    assert champion_get().version == b


def test_models_says_what_to_do_when_the_database_is_not_ready(manage, monkeypatch):
    def no_table():
        raise OperationalError("no such table: registry_modelversion")

    monkeypatch.setattr("marketplace.registry.management.commands.models.versions_list", no_table)
    ran = manage("models", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "registry_modelversion). Run: python manage.py migrate && python manage.py setup_site" in ran.line
