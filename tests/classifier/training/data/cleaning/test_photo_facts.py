"""What is known of photos is found out once, kept, bounded and made again."""

import errno
import json

import pytest

from classifier.training.data.cleaning.photo_facts import FactsCache, LazyAttributeClassifier
from classifier.training.progress import Silent
from tests.classifier.training.pictures import picture, picture_row
from tests.training.fakes import ColourAttributes


class Asked(ColourAttributes):
    """Counts the photos that it is shown."""

    def __init__(self):
        self.photos = 0

    def exterior(self, inputs):
        self.photos += len(inputs)
        return super().exterior(inputs)


class Said(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def paths(tmp_path):
    return [picture_row(tmp_path / "lot" / f"{seed}.jpg", picture(seed)).path for seed in range(40)]


@pytest.fixture
def facts(tmp_path):
    """``facts(paths)``: by a new cache; ``facts.attributes.photos``: how many were classified."""

    class Opened:
        attributes = Asked()
        said = Said()
        file = tmp_path / "work" / "facts-fake.json"

        def __call__(self, paths, asked=None, most=1000):
            cache = FactsCache(
                tmp_path / "work", attributes=LazyAttributeClassifier("fake", open=lambda: self.attributes), most=most
            )
            return cache.facts(paths, asked or [True] * len(paths), self.said)

    return Opened()


def test_a_second_run_uses_the_first_one_s_again(paths, facts):
    first = facts(paths)
    assert all(one.look and one.exterior == 0.98 and len(one.digest) == 64 for one in first)
    assert facts(paths) == first
    assert facts.attributes.photos == 40


def test_they_belong_to_the_content_not_to_the_name(paths, facts, tmp_path):
    facts(paths)
    renamed = paths[0].rename(tmp_path / "other.jpg")
    facts([renamed])
    assert facts.attributes.photos == 40


def test_photos_are_classified_only_where_it_matters(paths, facts):
    assert [one.exterior for one in facts(paths[:3], [True, False, False])] == [0.98, None, None]
    assert [one.exterior for one in facts(paths[:3], [True, True, False])] == [0.98, 0.98, None]
    assert facts.attributes.photos == 2


def test_files_that_cannot_be_read_say_why(paths, facts, tmp_path):
    paths[1].write_bytes(paths[1].read_bytes()[:500])
    (tmp_path / "text.jpg").write_text("no photo")
    said = [one.error for one in facts([paths[0], paths[1], tmp_path / "text.jpg", tmp_path / "none.jpg"])]
    assert said[0] == ""
    assert "cannot be decoded" in said[1]
    assert "not a photo" in said[2]
    assert "No such file" in said[3]
    assert [one.error for one in facts([paths[1]])] == [said[1]]


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", '{"a": []}', '{"a": 5}', '{"a": ["", "zz", "00", 1]}', '{"a": ["", null, null, "x"]}', "\udcff"],
)
def test_a_damaged_file_is_made_again_with_one_line(paths, facts, damage):
    first = facts(paths[:2])
    facts.file.write_bytes(damage.encode(errors="surrogateescape"))
    assert facts(paths[:2]) == first
    assert len(facts.said.lines) == 1
    assert "is damaged" in facts.said.lines[0]
    assert len(json.loads(facts.file.read_text())) == 2


def test_a_full_disk_names_the_file_and_leaves_the_last_one(paths, facts, monkeypatch):
    first = facts(paths[:2])

    def full(*given):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("classifier.training.data.cleaning.photo_facts.json.dump", full)
        with pytest.raises(OSError, match=r"No space left on device: '.*facts-fake\.json'"):
            facts(paths)
    assert facts(paths[:2]) == first
    assert [one.name for one in facts.file.parent.iterdir()] == [facts.file.name]


def test_it_is_bounded_and_forgets_what_was_unused_the_longest(paths, facts):
    facts(paths[:4], most=4)
    facts([paths[0], paths[5]], most=4)
    assert len(json.loads(facts.file.read_text())) == 4
    facts([paths[0], paths[2], paths[3], paths[5]], most=4)
    assert facts.attributes.photos == 5  # paths[1] was forgotten, none of these
    facts(paths, most=4)
    assert len(json.loads(facts.file.read_text())) == 40  # a run's own photos stay, however many
