"""Cut photos are kept by content: used again, bounded, made again when damaged."""

import errno
import hashlib
import os
import shutil
from collections import namedtuple

import numpy as np
import pytest

from classifier.artefact import CropRule
from classifier.training.data.pictures.crops import UNREADABLE, CropCache
from classifier.training.errors import TrainError
from classifier.training.progress import Silent
from tests.classifier.training.pictures import picture, picture_row

SIDE = 16
RECORD = SIDE * SIDE * 3


class Said(Silent):
    """What was said beside the line that ends every call, and how often photos had to be cut."""

    def __init__(self):
        self.lines, self.cut, self.last = [], 0, ""

    def say(self, text):
        if " photos cut" in text:
            self.last = text
        else:
            self.lines.append(text)

    def track(self, items, *, total, what):
        self.cut += 1
        yield from items


@pytest.fixture
def rows(tmp_path):
    return [picture_row(tmp_path / "lot" / f"{seed}.jpg", picture(seed, size=(40, 30))) for seed in range(12)]


@pytest.fixture
def crops(tmp_path):
    """``crops(rows)``: by a cache that is opened anew, and what was said meanwhile."""

    def run(rows, *, side=SIDE, limit=None):
        said = Said()
        cache = CropCache(tmp_path / "work", detector=None, rule=CropRule(), side=side, limit=limit)
        return cache.crops(rows, said), said

    return run


def folder_of(tmp_path, side=SIDE):
    (folder,) = (tmp_path / "work").glob(f"crops-*-{side}")
    return folder


def pictures(found):
    return [found.pixels[at].copy() for at in found.index]


def same(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_second_run_cuts_nothing(crops, rows):
    first, said = crops(rows)
    assert said.cut == 1
    second, said = crops(rows[::-1])
    assert (said.cut, said.lines) == (0, [])
    assert said.last == "12 photos cut: 0 now, the others in an earlier run"
    assert same(pictures(first), pictures(second)[::-1])


def test_it_goes_by_content_and_says_which_photos_cannot_be_read(crops, rows):
    first, _ = crops(rows)
    rows[0].path.write_bytes(rows[1].path.read_bytes())
    rows[2].path.write_bytes(b"no photo")
    found, _ = crops(rows)
    assert found.index[0] == found.index[1] == first.index[1]
    assert found.index[2] == UNREADABLE


def test_a_photo_that_is_gone_by_then_is_left_out_with_a_line(crops, rows):
    crops(rows[:6])
    rows[3].path.unlink()  # known from before, and yet not to be told from others
    rows[8].path.unlink()
    done, said = crops(rows)
    assert [at for at, index in enumerate(done.index) if index == UNREADABLE] == [3, 8]
    assert said.lines == [f"2 photos not there any more, such as {rows[3].file}: left out"]
    assert crops(rows[:3])[0].index.min() >= 0


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("index.json", b"{"),
        ("index.json", b"[]"),
        ("index.json", b'{"count": 1}'),
        ("index.json", b'{"count": "x", "photos": {}}'),
        ("index.json", b'{"count": 1, "photos": {"a": 5}}'),
        ("index.json", b'{"count": 1, "photos": {"a": [7, true]}}'),
        ("index.json", b"\xff"),
        ("pixels.bin", b"short"),
        ("pixels.bin", None),
    ],
)
def test_a_damaged_cache_is_made_again_with_one_line(crops, rows, tmp_path, file, damage):
    first, _ = crops(rows)
    before = pictures(first)
    place = folder_of(tmp_path) / file
    place.unlink()
    if damage is not None:
        place.write_bytes(damage)
    again, said = crops(rows)
    assert same(pictures(again), before)
    assert len(said.lines) == 1
    assert "is damaged" in said.lines[0]
    assert said.lines[0].endswith("its photos are cut again")
    assert crops(rows)[1].cut == 0


def test_what_was_unused_the_longest_goes_and_what_this_run_uses_stays(crops, rows, tmp_path):
    limit = 6 * RECORD
    crops(rows[:6], limit=limit)
    crops(rows[:2], limit=limit)  # so 2, 3, 4, 5 are unused the longest
    found, said = crops([rows[0], *rows[6:9]], limit=limit)
    assert said.lines == ["3 pictures unused the longest are removed: 0.0 MB are needed, 0.0 MB allowed"]
    assert (folder_of(tmp_path) / "pixels.bin").stat().st_size == limit
    _, said = crops([rows[0], rows[1], rows[5], *rows[6:9]], limit=limit)
    assert (said.cut, said.lines) == (0, [])
    everything, _ = crops(rows, limit=limit)  # a run that needs more than the limit gets it
    assert same(pictures(everything)[6:9], pictures(found)[1:])
    assert len(everything.pixels) == 12


def test_pictures_in_use_stay_good_while_others_are_removed(rows, tmp_path):
    CropCache(tmp_path / "work", detector=None, rule=CropRule(), side=SIDE).crops(rows[:6], Silent())
    cache = CropCache(tmp_path / "work", detector=None, rule=CropRule(), side=SIDE, limit=4 * RECORD)
    train = cache.crops(rows[4:6], Silent())
    before = pictures(train)
    val = cache.crops(rows[6:8], Silent())
    assert same(pictures(train), before)
    assert len(val.pixels) == 4
    assert same(pictures(cache.crops(rows[4:6], Silent())), before)


def test_other_sizes_go_first_the_longest_unused_before_the_others(crops, rows, tmp_path):
    for age, side in enumerate((8, 10, 12)):
        crops(rows, side=side)
        os.utime(folder_of(tmp_path, side) / "index.json", (age, age))
    crops(rows[:2], side=8)  # now the last one used
    _, said = crops(rows, limit=12 * RECORD + 12 * 12 * 12 * 3 + 12 * 8 * 8 * 3)
    assert [line.split(" was")[0].rsplit("-", 1)[1] for line in said.lines] == ["10"]
    assert {path.name.rsplit("-", 1)[1] for path in (tmp_path / "work").glob("crops-*")} == {"8", "12", "16"}


def test_by_default_twice_what_a_run_needs_is_kept(crops, rows, monkeypatch):
    monkeypatch.setattr("classifier.training.data.pictures.crops.LEAST_LIMIT", 0)
    crops(rows[:6])
    crops(rows[6:9])
    _, said = crops(rows[9:12])
    assert said.lines == ["3 pictures unused the longest are removed: 0.0 MB are needed, 0.0 MB allowed"]


def test_a_full_disk_is_one_clear_line_before_anything_is_cut(crops, rows, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(100, 100, 0))
    with pytest.raises(TrainError, match=r"The disk is full: 12 photos need 0.0 MB in .*, 0.0 MB are free. Free some"):
        crops(rows)


def test_a_disk_that_fills_on_the_way_is_one_clear_line_and_nothing_cut_is_lost(crops, rows, monkeypatch):
    crops(rows[:4])
    real = os.fsync

    def full(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainError, match="The disk is full"):
        crops(rows)
    monkeypatch.setattr(os, "fsync", real)
    assert crops(rows[:4])[1].cut == 0
    found, _ = crops(rows)
    assert len({hashlib.sha256(one.tobytes()).hexdigest() for one in pictures(found)}) == 12
