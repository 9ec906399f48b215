"""One run, from rows to the version that serves. Training itself is tested elsewhere."""

import fcntl
import subprocess
import sys

import pytest

from classifier.training.data.cleaning.clean import USABLE
from classifier.training.data.manifest import ManifestError, manifest_read
from classifier.training.data.split import split_of
from classifier.training.errors import TrainError
from classifier.training.progress import Silent
from classifier.training.recipe import RecipeError
from marketplace.moderation.services import decision_make
from marketplace.registry.models import ModelVersion, Promotion
from marketplace.registry.selectors import champion_get
from marketplace.registry.services import version_promote, version_register
from marketplace.training.models import TrainingRun
from marketplace.training.runs import services
from marketplace.training.runs.request import PhotoSelection, RunRequest
from marketplace.training.runs.rows import RetrainRefused
from marketplace.training.runs.services import retrain
from tests.factories import TrainingRunFactory
from tests.training.fakes import to_train_on


def run(*manifests, recipe="quick", merges=(), decisions=True, usable=USABLE, **asked):
    photos = PhotoSelection(manifests=manifests, merges=merges, decisions=decisions, usable=usable)
    return retrain(request=RunRequest(photos=photos, recipe=recipe, **asked), by=None, progress=Silent())


def test_it_lets_a_better_challenger_serve(champion, manifest, trained, settings):
    trained("red", "lime", "blue", "gray")
    done = run(manifest("red", "lime", "blue", "gray", cars=80))
    assert done.passed, done.gates
    assert champion_get() == done.version != champion
    row = TrainingRun.objects.get()
    assert (row.status, row.promoted, row.champion, row.version) == ("done", True, champion, done.version)
    assert (row.photos, row.recipe, len(row.manifest_sha256)) == (80, "quick", 64)
    assert row.metrics["challenger"]["top1"] == 1.0
    assert row.metrics["champion"]["top1"] == 0.75  # every fourth test car is grey, which it does not know
    assert row.report == str(done.report) == str(settings.RUNS_DIR / str(row.pk) / "report.html")
    assert "+1 model; old models +0.0 points (+0.0…+0.0): promoted" in done.report.read_text()
    assert not (settings.RUNS_DIR / "work" / "checkpoint.pt").exists()
    assert Promotion.objects.first().reason == f"run {row.pk}: all gates passed"


def test_a_value_that_overrides_the_recipe_is_kept_with_the_run(champion, manifest, trained):
    trained("red", "blue")
    run(manifest("red", "blue"), overrides=["epochs=7", "label_smoothing=0.2"], max_minutes=5)
    values = TrainingRun.objects.get().recipe_values
    assert (values["epochs"], values["label_smoothing"], values["max_minutes"]) == (7, 0.2, 5)


def test_it_keeps_the_manifest_that_a_model_was_trained_on(champion, manifest, trained, site):
    trained("red", "blue")
    lot = manifest("red", "blue")
    lines = lot.read_text().replace(",test", ",val").splitlines()
    lot.write_text("\n".join([*lines[:21], *(line.removesuffix("train").removesuffix("val") for line in lines[21:])]))
    done = run(lot)
    again = manifest_read(site / "runs" / str(done.run.pk) / "manifest.csv")
    assert len(again) == 40
    assert {row.path.name: split_of(row) for row in again} == {
        row.path.name: split_of(row) for row in manifest_read(lot)
    }


def test_its_row_keeps_who_asked_the_curve_and_how_far_it_came(champion, manifest, trained):
    trained("red", "blue")
    row = run(manifest("red", "blue")).run
    row.refresh_from_db()
    assert row.operator
    assert row.curve == [{"epoch": 1.0, "loss": 0.5}]
    assert row.progress  # written first; the next would be some seconds later


def test_it_keeps_a_better_champion(champion, manifest, trained):
    trained("red", "gray")
    done = run(manifest("red", "lime", "blue"))
    assert not done.passed
    assert {gate.name for gate in done.gates if not gate.passed} >= {"top1_difference", "make_top1_difference"}
    assert champion_get() == champion
    assert not TrainingRun.objects.get().promoted
    assert ModelVersion.objects.get(pk=done.version.pk).status == "candidate"


def test_it_keeps_the_champion_when_the_challenger_is_no_better(champion, manifest, trained):
    trained("red", "lime", "blue")
    done = run(manifest("red", "lime", "blue", cars=90))
    assert [gate.name for gate in done.gates if not gate.passed] == ["gain"]
    assert champion_get() == champion


def test_it_does_not_replace_a_champion_that_it_was_not_compared_with(
    champion, manifest, trained, artefact, classes, monkeypatch
):
    trained("red", "lime", "blue", "gray")
    train = services._train

    def an_operator_promotes_meanwhile(**given):
        folder = artefact("other", classes=classes("red", "lime", "blue")).folder
        version_promote(version=version_register(folder=folder).version, by=None, reason="meanwhile")
        return train(**given)

    monkeypatch.setattr(services, "_train", an_operator_promotes_meanwhile)
    done = run(manifest("red", "lime", "blue", "gray", cars=80))
    assert [gate.name for gate in done.gates if not gate.passed] == ["same_champion"]
    assert champion_get().version.startswith("other-")
    assert not TrainingRun.objects.get().promoted


@pytest.mark.parametrize(
    ("serves", "challenges", "failed", "top1"),
    [
        # Of two versions that name makes only, the one that is right more often is better.
        (["skoda"], ["skoda", "volvo"], [], None),
        (["skoda", "volvo"], ["skoda", "volvo"], ["gain"], None),
        (
            ["skoda", "volvo"],
            ["skoda"],
            ["gain", "top1_difference", "make_top1_difference", "wrong_fills", "ece"],
            None,
        ),
        # A version that names models also knows makes, but not the other way round.
        (["skoda", "volvo"], ["red", "lime", "blue", "gray"], [], 1.0),
        (["red", "lime", "blue", "gray"], ["skoda", "volvo"], ["gain", "top1_difference", "ece"], None),
    ],
)
def test_versions_that_name_makes_only_are_compared_by_make(
    manifest, trained, artefact, classes, db, serves, challenges, failed, top1
):
    folder = artefact("champion", classes=classes(*serves)).folder
    champion = version_promote(version=version_register(folder=folder).version, by=None, reason="test")
    trained(*challenges)
    done = run(manifest("red", "lime", "blue", "gray", cars=160))
    coverage = {"coverage_difference", "coverage_loss", "class_fall", "source_fall", "top1_loss"}  # they fall with it
    assert {gate.name for gate in done.gates if not gate.passed} - coverage == set(failed)
    assert champion_get() == (champion if failed else done.version)
    metrics = TrainingRun.objects.get().metrics["challenger"]
    assert (metrics["top1"], metrics["make_top1"]) == (top1, 0.5 if challenges == ["skoda"] else 1.0)
    if metrics["make_top1"] == 1.0:
        assert metrics["ece"] < 0.03  # of the makes, with a confidence of 0.98


def test_what_sellers_offer_here_is_not_forgotten(champion, manifest, trained, waiting):
    trained("red", "lime", "gray")  # not the blue V70
    rows = manifest("red", "lime", "gray", cars=60)
    waiting("V70")
    gates = {gate.name: gate for gate in run(rows).gates}
    assert (gates["forgotten_models"].passed, gates["forgotten_models"].value) == (False, 1)
    assert "such as Volvo V70" in gates["forgotten_models"].text


def test_another_market_s_models_are_no_loss(champion, manifest, trained, db):
    trained("red", "lime", "gray")
    done = run(manifest("red", "lime", "gray", cars=60))
    assert done.passed
    assert champion_get() == done.version


def test_merged_classes_are_not_forgotten_and_either_of_them_is_right(champion, manifest, trained, waiting, tmp_path):
    trained("red", "blue")
    lot = manifest("red", "lime", "blue", cars=60)
    waiting("Fabia")
    table = tmp_path / "table.json"
    table.write_text('{"merge_into": {"skoda_octavia": ["skoda_fabia"]}}')
    done = run(lot, merges=[table])
    assert [gate.name for gate in done.gates if not gate.passed] == ["gain"]  # the two are equally good
    metrics = TrainingRun.objects.get().metrics
    assert metrics["champion"]["top1"] == metrics["challenger"]["top1"] == 1.0
    assert metrics["champion"]["ece"] < 0.03  # its confidences in both classes add up
    forgotten = {gate.name: gate for gate in run(lot).gates}["forgotten_models"]
    assert not forgotten.passed


def test_photos_whose_labels_name_makes_only_are_scored_by_make(champion, manifest, trained):
    trained("skoda", "volvo")
    lot = manifest("red", "lime", "gray", cars=162)
    lines = [line.split(",") for line in lot.read_text().splitlines()]
    lot.write_text("\n".join(",".join([*row[:2], "" if at else row[2], *row[3:]]) for at, row in enumerate(lines)))
    done = run(lot, recipe="brands", overrides=["start=nothing", "unfreeze_every=0"])
    assert {gate.name for gate in done.gates} >= {"gain", "test_photos"}
    metrics = TrainingRun.objects.get().metrics
    assert (metrics["challenger"]["photos"], metrics["champion"]["photos"]) == (81, 81)
    assert (metrics["challenger"]["top1"], metrics["champion"]["top1"]) == (None, None)
    assert metrics["challenger"]["make_top1"] == 1.0
    assert metrics["champion"]["make_top1"] == pytest.approx(2 / 3, abs=0.01)  # it takes the grey car for a Skoda
    assert done.passed, done.gates


def test_a_run_whose_gates_cannot_be_written_leaves_the_champion(champion, manifest, trained, site, monkeypatch):
    trained("red", "lime", "blue", "gray")
    compare = services.versions_compare

    def in_the_way(**given):
        for folder in (site / "runs").glob("[0-9]*"):
            (folder / "gates.json").mkdir()
        return compare(**given)

    monkeypatch.setattr(services, "versions_compare", in_the_way)
    with pytest.raises(IsADirectoryError):
        run(manifest("red", "lime", "blue", "gray"))
    row = TrainingRun.objects.get()
    assert (row.status, row.promoted, champion_get()) == ("failed", False, champion)


def test_it_does_not_promote_if_asked_not_to(champion, manifest, trained):
    trained("red", "lime", "blue", "gray")
    done = run(manifest("red", "lime", "blue", "gray", cars=80), promote="never")
    assert done.passed
    assert champion_get() == champion


def test_it_does_not_trust_a_handful_of_test_photos(champion, manifest, trained):
    trained("red", "lime", "blue", "gray")
    done = run(manifest("red", "gray", cars=10))
    assert "test_photos" in [gate.name for gate in done.gates if not gate.passed]
    assert champion_get() == champion


def test_photos_of_new_models_alone_show_nothing(champion, manifest, trained):
    """As when a champion was replaced by one that had forgotten the rest: "+100 points"."""
    trained("gray")
    done = run(manifest("gray", cars=80))
    unshown = {gate.name for gate in done.gates if not gate.shown}
    assert unshown >= {"top1_difference", "make_top1_difference", "class_fall", "coverage_loss"}
    assert champion_get() == champion
    assert done.run.metrics["headline"] == "+1 model; old models not tested"


def test_photos_of_too_few_of_the_champions_models_show_nothing(champion, manifest, trained):
    trained("red", "lime", "blue", "gray")
    done = run(manifest("red", "gray", cars=160))
    why = next(gate.text for gate in done.gates if gate.name == "top1_difference")
    assert why == "top-1 of old cars not shown: photos show 1 of the 3 models that the champion knows, 2 are needed"
    assert champion_get() == champion


def test_photos_of_one_source_do_not_stand_for_three(champion, manifest, trained, artefact, classes):
    tested = {"test": {"sources": {name: {"known": 60} for name in ("lot", "ads", "dealers")}}}
    folder = artefact("wide", classes=classes("red", "lime", "blue"), metrics=tested).folder
    wide = version_promote(version=version_register(folder=folder).version, by=None, reason="test")
    trained("red", "lime", "blue", "gray")
    one = manifest("red", "lime", "blue", "gray", cars=80)
    done = run(one)
    assert any("1 of the sources that it was tested on, 2 are needed" in gate.text for gate in done.gates)
    assert champion_get() == wide
    assert run(one, manifest("red", "lime", "blue", "gray", cars=80, name="ads")).run.promoted


def test_it_serves_the_first_model_of_a_site_that_has_none(db, manifest, trained):
    trained("red", "lime", "blue", "gray")
    done = run(manifest("red", "lime", "blue", "gray"), recipe="default")
    assert champion_get() == done.version


def test_it_learns_from_decisions_alone(champion, trained, waiting, bob):
    for _ in range(3):
        decision_make(listing=to_train_on(waiting("Octavia")), moderator=bob, action="accept")
    calls = trained("red", "lime", "blue")
    done = run()
    assert {(row.make, row.model) for row in calls[0]["rows"]} == {("Skoda", "Octavia")}
    assert not done.passed  # too few to say which model is better


@pytest.mark.parametrize(
    "error", [ManifestError("no good"), OSError(28, "No space left on device"), KeyboardInterrupt()]
)
def test_a_failure_leaves_the_champion_and_a_line_in_the_run(champion, manifest, trained, error):
    trained(fails=error)
    with pytest.raises(type(error)):
        run(manifest("red", "blue"))
    row = TrainingRun.objects.get()
    assert row.status == "failed"
    assert row.error == (str(error) or "KeyboardInterrupt")
    assert champion_get() == champion
    assert ModelVersion.objects.count() == 1
    trained("red", "lime", "blue")
    run(manifest("red", "blue"))  # and the next one starts


def test_it_refuses_bad_input_before_anything_is_made(champion, manifest, trained, site):
    trained("red")
    with pytest.raises(ManifestError, match="cannot be read"):
        run(site / "nowhere.csv")
    with pytest.raises(RecipeError, match="no recipe 'brazl'"):
        run(manifest("red"), recipe="brazl")
    with pytest.raises(RetrainRefused, match="nothing to learn from"):
        run()
    assert not TrainingRun.objects.exists()


def test_missing_weights_are_reported_before_a_photo_is_read(champion, manifest, trained, settings, site, monkeypatch):
    calls = trained("red", "gray")
    monkeypatch.setenv("FORECOURT_BACKBONES", str(site / "backbones"))

    def unreachable(name, **given):
        raise OSError("no hub here")

    monkeypatch.setattr("classifier.training.model.backbones.timm.create_model", unreachable)
    with pytest.raises(TrainError, match=r"no ImageNet weights for 'resnet50'.*resnet50\.safetensors"):
        run(manifest("red", "blue"), recipe="brazil")
    assert calls == []
    assert not list((settings.RUNS_DIR).glob("work/facts-*"))
    assert (TrainingRun.objects.get().status, champion_get()) == ("failed", champion)


def test_it_refuses_a_second_run_while_one_is_running(champion, manifest, trained, site):
    trained("red", "blue")
    (site / "runs").mkdir()
    TrainingRunFactory()
    with (site / "runs" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as the other process does
        with pytest.raises(RetrainRefused, match=r"Another training is running \(run \d+ \(default\), since 20"):
            run(manifest("red", "blue"))
    assert TrainingRun.objects.get().status == "running"


def test_a_resumed_run_uses_the_decisions_made_before_it_began(champion, trained, manifest, waiting, bob):
    def decided(model):
        # All on the train side: they have the same photo, and a held-out copy would be left out.
        decision_make(listing=to_train_on(waiting(model)), moderator=bob, action="accept")

    lot = manifest("red", "lime", "blue", "gray")
    decided("Octavia")
    killed = trained("red", fails=TrainError("killed"))
    for resume in (False, True):  # both count what was decided before the first
        with pytest.raises(TrainError):
            run(lot, resume=resume)
        decided("Fabia")
    calls = trained("red", "lime", "blue", "gray")
    run(lot, resume=True)
    run(lot)
    before, again, went_on, anew = [
        {row.vehicle for row in call["rows"] if row.source == "decisions"} for call in (*killed, *calls)
    ]
    assert len(before) == 1
    assert before == again == went_on
    assert (len(anew), anew > before) == (3, True)


def test_a_version_leads_to_its_run_even_if_the_comparison_fails(champion, manifest, trained, site, monkeypatch):
    trained("red", "lime", "blue", "gray")
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(services, "versions_compare", lambda **_: (_ for _ in ()).throw(full))
    with pytest.raises(OSError, match="No space"):
        run(manifest("red", "blue"))
    assert (site / "runs" / "work" / "checkpoint.pt").exists()  # --resume need not train again
    row = TrainingRun.objects.get()
    assert (row.status, row.version) == ("failed", ModelVersion.objects.exclude(pk=champion.pk).get())


def test_it_closes_the_run_of_a_process_that_died(champion, manifest, trained, site):
    """Another process holds the lock and is killed: the next run frees it and closes the row."""
    (site / "runs").mkdir()
    code = """
import fcntl, sys, time
lock = open(sys.argv[1], "a")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", code, str(site / "runs" / "lock")], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    dead = TrainingRunFactory(process_id=process.pid)
    trained("red", "lime", "blue")
    lot = manifest("red", "blue")
    with pytest.raises(RetrainRefused, match="Another training"):
        run(lot)
    process.kill()
    process.wait()
    process.stdout.close()
    run(lot)
    dead.refresh_from_db()
    assert (dead.status, dead.error) == ("failed", f"Its process ({process.pid}) ended on the way.")
    assert dead.finished_at is not None
