import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from classifier.artefact import (
    Artefact,
    ArtefactError,
    ArtefactSpec,
    CropRule,
    Preprocessing,
    TrainedClass,
    artefact_only,
    artefact_open,
    artefact_write,
)

SPEC = ArtefactSpec(
    task="classifier",
    backbone="test_efficientnet",
    preprocessing=Preprocessing(input_size=64, crop=CropRule(margin=0.05), interpolation="bicubic"),
    classes=(TrainedClass("BMW", "3 Series", "2012"), TrainedClass("Citroën", "C3")),
    temperature=1.3,
    metrics={"top1": 0.5},
)


def write(parent: Path, spec: ArtefactSpec = SPEC) -> Artefact:
    return artefact_write(
        parent=parent, name="tiny", spec=spec, state_dict={"w": torch.tensor([0.5, 2.0]), "n": torch.tensor(3)}
    )


def test_it_reads_back_what_it_wrote(tmp_path):
    written = write(tmp_path)
    opened = artefact_open(written.folder)
    assert replace(opened.spec, created="", weights_sha256="") == SPEC
    assert opened.version == opened.folder.name
    assert opened.version.startswith("tiny-")
    assert opened.state_dict()["w"].dtype == torch.float32
    assert opened.state_dict()["n"].dtype == torch.int64
    assert [p.name for p in tmp_path.iterdir()] == [opened.version]  # nothing half-written stays behind


def test_the_same_content_is_the_same_version(tmp_path):
    assert write(tmp_path) == write(tmp_path)
    assert write(tmp_path).version != write(tmp_path, replace(SPEC, temperature=1.4)).version
    with pytest.raises(ArtefactError, match="exactly one artefact, it holds 2"):
        artefact_only(tmp_path)


def test_it_refuses_damaged_weights(tmp_path):
    folder = write(tmp_path).folder
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    with pytest.raises(ArtefactError, match="damaged or changed"):
        artefact_open(folder)


def test_it_refuses_a_changed_threshold(tmp_path):
    folder = write(tmp_path).folder
    spec = json.loads((folder / "model.json").read_text())
    spec["thresholds"]["model"] = 0.0
    (folder / "model.json").write_text(json.dumps(spec))
    with pytest.raises(ArtefactError, match="was changed"):
        artefact_open(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "format version 99 is unknown"),
        ({"task": "poet"}, "task is not valid"),
        ({"temperature": 0}, "temperature is not valid"),
        ({"temperature": "1"}, "number fields"),
        ({"classes": []}, "classes or labels"),
        ({"surprise": 1}, "unknown field 'surprise'"),
        ({"preprocessing": {"crop": {}}}, "'mean' is missing"),
    ],
)
def test_it_says_in_one_line_what_is_wrong(tmp_path, change, message):
    folder = write(tmp_path).folder
    spec = json.loads((folder / "model.json").read_text()) | change
    (folder / "model.json").write_text(json.dumps(spec))
    with pytest.raises(ArtefactError, match=message) as error:
        artefact_open(folder)
    assert "\n" not in str(error.value)


def test_a_missing_or_halved_folder_is_an_artefact_error(tmp_path):
    with pytest.raises(ArtefactError, match="no artefact in"):
        artefact_open(tmp_path / "gone")
    folder = write(tmp_path).folder
    shutil.copytree(folder, tmp_path / "half")
    (tmp_path / "half" / "model.safetensors").unlink()
    with pytest.raises(ArtefactError, match=r"model\.safetensors cannot be read"):
        artefact_open(tmp_path / "half")


def test_weights_that_do_not_fit_fp16_are_refused(tmp_path):
    with pytest.raises(ArtefactError, match="fp16"):
        artefact_write(parent=tmp_path, name="tiny", spec=SPEC, state_dict={"w": torch.tensor([1e6])})
    assert list(tmp_path.iterdir()) == []
