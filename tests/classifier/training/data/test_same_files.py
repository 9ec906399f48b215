"""Files with the same content, and labels that contradict each other."""

from pathlib import Path

import pytest

from classifier.training.data.labels import contradicts
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.same_files import same_files


def test_it_finds_files_by_content_and_reads_only_what_may_be_one(tmp_path, monkeypatch):
    contents = [b"a" * 9000, b"b" + b"a" * 8999, b"a" * 9000, b"c" * 9000, b"a" * 8, b""]
    paths = [tmp_path / f"{number}.jpg" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    opened = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *args: opened.append(self.name) or real(self, *args))
    assert same_files([*paths, tmp_path / "gone.jpg"]) == [[0, 2]]
    assert "4.jpg" not in opened
    assert opened.count("3.jpg") == 1  # its middle was enough


@pytest.mark.parametrize(
    ("one", "other", "so"),
    [
        (("Audi", "A3", ""), ("AUDI", "a-3", ""), False),
        (("Audi", "A3", ""), ("Fiat", "500", ""), True),
        (("Ford", "Ka", ""), ("Ford", "Ka+", ""), True),
        (("Audi", "", ""), ("Audi", "A3", "2012"), False),
        (("", "", ""), ("Audi", "A3", ""), False),
        (("Audi", "A3", "2012"), ("Audi", "A3", "2013"), True),
        (("Audi", "A3", "2012"), ("Audi", "A3", "2010-2014"), False),
        (("Audi", "A3", "2012"), ("Audi", "A3", "2013-2014"), True),
    ],
)
def test_labels_contradict_where_both_say_something_else(one, other, so):
    rows = [ManifestRow(Path("a.jpg"), "a.jpg", *label) for label in (one, other)]
    assert contradicts(*rows) == contradicts(*rows[::-1]) == so
