"""Data sets as others keep them."""

import pytest

from classifier.training.data.importers import import_dataset
from classifier.training.data.manifest import ManifestError, manifest_read, manifest_write
from tests.classifier.training.data.importers.photos import photo


def test_what_it_imports_is_a_manifest(tmp_path):
    photo(tmp_path / "set/audi-a3_2012/1.jpg")
    found = import_dataset(format="folders", path=tmp_path / "set")
    manifest_write(tmp_path / "out" / "manifest.csv", found.rows)
    (row,) = manifest_read(tmp_path / "out")
    assert (row.make, row.model, row.year) == ("audi", "a3", "2012")
    assert row.path.samefile(tmp_path / "set/audi-a3_2012/1.jpg")


def test_it_says_in_one_line_what_is_missing(tmp_path):
    for arguments, message in (
        ({"format": "folder", "path": tmp_path}, "format 'folder' is none of folders, filenames, stanford, csv"),
        ({"format": "folders", "path": tmp_path / "x"}, "no such folder"),
        ({"format": "csv", "path": tmp_path / "x"}, "no such file"),
        ({"format": "folders", "path": tmp_path}, "not one labelled photo in it"),
        ({"format": "stanford", "path": tmp_path}, r"no cars_meta\.mat in it"),
        ({"format": "csv", "path": tmp_path, "pattern": "make"}, "pattern means nothing to the format csv: leave it"),
        (
            {"format": "filenames", "path": tmp_path, "columns": {"make": "Brand"}},
            "columns means nothing to the format",
        ),
    ):
        with pytest.raises(ManifestError, match=message):
            import_dataset(**arguments)


def test_one_file_under_two_labels_is_told(tmp_path):
    for name in ("audi_a3/1.jpg", "audi_a3/2.jpg", "fiat_500/1.jpg", "audi/3.jpg"):
        photo(tmp_path / name).write_bytes(name.encode())
    (tmp_path / "fiat_500/copy.jpg").write_bytes(b"audi_a3/1.jpg")
    (tmp_path / "audi/copy.jpg").write_bytes(b"audi_a3/2.jpg")  # only says less
    (tmp_path / "audi_a3/other.jpg").write_bytes(b"audi_a3/7.jpg")  # as large as another one
    found = import_dataset(format="folders", path=tmp_path, makes=["Audi", "Fiat"])
    assert [[row.file for row in group] for group in found.two_labels] == [["audi_a3/1.jpg", "fiat_500/copy.jpg"]]
    assert len(found.rows) == 7
