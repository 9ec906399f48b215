"""What an artefact remembers, and what it makes of a file that is not its own."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from classifier.artefact import (
    MEMORY_FILE,
    ArtefactError,
    ArtefactSpec,
    Preprocessing,
    TrainedClass,
    artefact_copy,
    artefact_open,
    artefact_write,
)
from classifier.training.data.memory.remembered import Memory, memory_read
from classifier.training.data.split import split_of
from tests.classifier.training.data.memory.photos import WIDTH, digest, features_of, remembered, row, sight

SPEC = ArtefactSpec(
    task="classifier", backbone="none", preprocessing=Preprocessing(32), classes=(TrainedClass("Audi", "A4"),)
)


def written(parent, memory):
    content = memory.as_bytes() if memory is not None else None
    return artefact_write(
        parent=parent, name="one", spec=SPEC, state_dict={"w": torch.tensor([1.0])}, memory=content
    )  # fmt: skip


@pytest.fixture
def rows():
    return [
        row(1), row(2, model="A6", year="2012", split="val"), row(3, make="Lada", model="Niva", source="ads"),
        row(4, split="test"),
    ]  # fmt: skip


def test_an_artefact_gives_back_what_it_was_given(tmp_path, rows):
    memory = remembered(rows)
    back = memory_read(written(tmp_path, memory))
    assert back.photos == memory.photos
    assert np.array_equal(back.packed.unpacked(), memory.packed.unpacked())
    assert np.allclose(back.packed.unpacked(), features_of(rows), atol=0.02)
    assert [(one.make, one.model, one.year, one.source) for one in back.rows] == [
        (one.make, one.model, one.year, one.source) for one in rows
    ]
    assert [split_of(one) for one in back.rows] == ["train", "val", "train", "test"]
    seen = next(back.sights())
    assert (seen.status, seen.box, seen.image_size, seen.view.name) == (
        "ok",
        (10, 20, 110, 90),
        (640, 480),
        "rear-left",
    )


def test_the_same_photos_are_the_same_bytes(rows):
    assert len({remembered(rows).as_bytes() for _ in range(20)}) == 1


def test_it_holds_no_picture_no_path_and_no_plate(rows):
    content = remembered(rows).as_bytes()
    for told in (b"1.jpg", b"car-1", digest(rows[0]).encode()):
        assert told not in content


def test_a_memory_makes_another_version_and_none_is_none(tmp_path, rows):
    without, with_one = written(tmp_path, None), written(tmp_path, remembered(rows))
    assert without.version != with_one.version
    assert memory_read(without) is None


def test_a_copy_takes_its_memory_along(tmp_path, rows):
    artefact = written(tmp_path, remembered(rows))
    copy = artefact_copy(artefact, parent=tmp_path / "elsewhere")
    assert memory_read(copy).photos == memory_read(artefact).photos
    (copy.folder / MEMORY_FILE).unlink()
    assert memory_read(artefact_copy(artefact, parent=tmp_path / "elsewhere")) is not None  # it comes back


def test_a_changed_or_missing_file_is_one_line_and_keeps_nobody_from_serving(tmp_path, rows):
    artefact = written(tmp_path, remembered(rows))
    path = artefact.folder / MEMORY_FILE
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtefactError, match=r"memory\.safetensors is damaged or changed"):
        memory_read(artefact_open(artefact.folder))
    path.unlink()
    with pytest.raises(ArtefactError, match=r"memory\.safetensors cannot be read"):
        memory_read(artefact_open(artefact.folder))


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"no safetensors at all"])
def test_a_file_of_another_kind_is_one_line(tmp_path, content):
    artefact = artefact_write(
        parent=tmp_path, name="one", spec=SPEC, state_dict={"w": torch.tensor([1.0])}, memory=content
    )
    with pytest.raises(ArtefactError, match="malformed") as error:
        memory_read(artefact)
    assert "\n" not in str(error.value)


def test_held_out_photos_without_an_answer_stay_and_useless_ones_go(rows):
    photos = [*rows, row(5), row(6, split="test"), row(7, split="test"), row(1)]
    sights = [
        *map(sight, features_of(rows)), sight(None, "no_vehicle"), sight(None, "not_usable"), sight(None, "unreadable"),
        sight(np.ones(WIDTH)),
    ]  # fmt: skip
    memory = Memory.nothing(extractor="extractor", width=WIDTH).extended(
        photos, sights, [digest(one) for one in photos]
    )
    assert [one.status for one in memory.photos] == ["ok"] * 4 + ["not_usable"]
    seen = list(memory.of("test").sights())
    assert np.allclose(seen[0].outputs, features_of(rows)[3], atol=0.02)
    assert seen[1].outputs is None


def test_it_grows_and_a_photo_that_comes_again_has_its_new_label(rows):
    memory = remembered(rows)
    again = [replace(rows[2], model="Samara"), row(8, split="val")]
    grown = memory.extended(again, map(sight, features_of(again, seed=9)), [digest(one) for one in again])
    assert [one.model for one in grown.photos] == ["A4", "A6", "A4", "Samara", "A4"]
    assert np.array_equal(grown.packed.codes[:3], memory.packed.codes[[0, 1, 3]])
    assert len(grown.of("val").photos) == len(grown.of("val").packed.codes) == 2
    assert [one.model for one in grown.without([grown.photos[0].digest]).photos] == ["A6", "A4", "Samara", "A4"]
