"""Networks trained elsewhere: taken apart, set side by side, calibrated anew."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.artefact import TrainedClass, artefact_write
from classifier.recognise import Recogniser
from classifier.training.data.cleaning.seen_photos import SeenPhotos
from classifier.training.data.manifest import ManifestRow
from classifier.training.errors import TrainError
from classifier.training.progress import Silent
from classifier.training.request import TrainingContext
from classifier.training.tools.assemble import assembled, main, members_write
from tests.classifier.conftest import tiny_classifier
from tests.pictures import car_like


@pytest.fixture
def rows(tmp_path):
    found = []
    for number, split in enumerate(("train", "calibrate", "test", "train", "calibrate", "test")):
        path = tmp_path / f"{number}.jpg"
        car_like(320 + number, 240).save(path)
        found.append(ManifestRow(path, path.name, "Volvo", "V70", vehicle=f"lot/{number}", split=split, source="lot"))
    return found


@pytest.fixture
def context(tmp_path, weights_of, ir_cache):
    return TrainingContext(work_dir=tmp_path / "work", weights=weights_of(), progress=Silent(), engine_cache=ir_cache)


@pytest.fixture
def pair(tmp_path):
    return [tiny_classifier(tmp_path / f"{seed}", seed=seed) for seed in (0, 1)]


def test_two_networks_side_by_side_are_measured_together_and_taken_apart_again(tmp_path, pair, rows, context):
    done = assembled(pair, rows, context, name="both", out=tmp_path / "out")
    spec = done.artefact.spec
    assert spec.backbone == "test_efficientnet+test_efficientnet"
    assert spec.recipe["ensemble_of"] == pair[1].version
    assert spec.metrics["test"]["photos"] == 2
    assert done.artefact.version.startswith("both-")
    parts = members_write(done.artefact, tmp_path / "parts")
    for part, whole in zip(parts, pair, strict=True):
        ours, theirs = part.state_dict(), whole.state_dict()
        assert ours.keys() == theirs.keys()
        body = [name for name in ours if not name.startswith("classifier")]
        assert all(np.allclose(ours[name], theirs[name], atol=1e-3) for name in body)


def test_a_class_that_only_the_first_network_knows_is_told_by_it_alone(tmp_path, pair, rows, context):
    first, second = pair
    *others, last = second.spec.classes
    less = {**second.state_dict()}
    for name in ("classifier.weight", "classifier.bias"):
        less[name] = less[name][:-1]
    spec = replace(second.spec, classes=tuple(others))
    fewer = artefact_write(parent=tmp_path / "fewer", name="tiny", spec=spec, state_dict=less)
    done = assembled([first, fewer], rows, context, name="both", out=tmp_path / "out")
    assert done.artefact.spec.classes == first.spec.classes
    mine, theirs = (part.state_dict() for part in members_write(done.artefact, tmp_path / "parts"))
    head = first.state_dict()["classifier.weight"]
    assert np.allclose(mine["classifier.weight"], head, atol=0.05)
    assert not theirs["classifier.weight"][-1].any()
    assert np.allclose(theirs["classifier.weight"][:-1], less["classifier.weight"], atol=0.05)
    assert last in done.artefact.spec.classes


def test_networks_without_a_common_class_do_not_stand_side_by_side(tmp_path, pair, rows, context):
    first, second = pair
    strangers = tuple(TrainedClass("Lada", f"{number}") for number in range(len(second.spec.classes)))
    strange = artefact_write(
        parent=tmp_path / "strange", name="tiny", spec=replace(second.spec, classes=strangers),
        state_dict=second.state_dict(),
    )  # fmt: skip
    with pytest.raises(TrainError, match="knows none of the"):
        assembled([first, strange], rows, context, name="both", out=tmp_path / "out")


def test_what_either_network_has_seen_is_remembered_only_if_both_have_a_record(tmp_path, pair, rows, context):
    with_record = artefact_write(
        parent=tmp_path / "seen", name="tiny", spec=pair[0].spec, state_dict=pair[0].state_dict(),
        seen_photos=SeenPhotos().as_bytes(),
    )  # fmt: skip
    alone = assembled([with_record], rows, context, name="alone", out=tmp_path / "out")
    both = assembled([with_record, pair[1]], rows, context, name="both", out=tmp_path / "out")
    assert (alone.artefact.folder / "taught.safetensors").exists()
    assert not (both.artefact.folder / "taught.safetensors").exists()


def test_the_result_serves(tmp_path, pair, rows, context, ir_cache):
    done = assembled(pair, rows, context, name="both", out=tmp_path / "out")
    recogniser = Recogniser.open(
        classifier=done.artefact.folder, weights=context.weights, engine="torch", cache_dir=ir_cache
    )
    assert [one.status for one in recogniser.recognise([rows[0].path])] == ["ok"]
    recogniser.close()


def test_a_folder_without_an_artefact_is_one_clear_line(tmp_path, capsys):
    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
