"""A manifest is read as written, or refused in one line that names file and row."""

import csv
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from classifier.training.data.attribute_labels import body_of
from classifier.training.data.manifest import ManifestError, manifest_read, manifest_sha256, manifest_write

PHOTOS = os.environ.get("CAR_PHOTOS", "")


def write(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(folder / "a.jpg")
    Image.new("RGB", (8, 8)).save(folder / "b.jpg")
    (folder / "manifest.csv").write_text(text)
    return folder / "manifest.csv"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,make\na.jpg,BMW\n", "column 'model' is missing"),
        ("file,make,model\n", "has no rows"),
        ("file,make,model\na.jpg,BMW,X5\nc.jpg,BMW,X5\n", "row 3: no photo c.jpg"),
        ("file,make,model\n,BMW,X5\n", "row 2: no file"),
        ("file,make,model\na.jpg,,X5\n", "row 2: a model but no make"),
        ("file,make,model,kind\na.jpg,BMW,X5,sideways\n", "row 2: kind 'sideways'"),
        ("file,make,model,split\na.jpg,BMW,X5,both\n", "row 2: split 'both'"),
        (
            "file,make,model,vehicle,split\na.jpg,BMW,X5,7,train\nb.jpg,BMW,X5,7,val\n",
            "row 3: vehicle cars/7 stands on two sides",
        ),
    ],
)
def test_it_refuses_in_one_line(tmp_path, text, message):
    with pytest.raises(ManifestError) as refused:
        manifest_read(write(tmp_path / "cars", text))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "manifest.csv" in str(refused.value)


def test_it_says_that_there_is_none(tmp_path):
    with pytest.raises(ManifestError, match="cannot be read"):
        manifest_read(tmp_path / "no.csv")


def test_it_refuses_what_is_no_text(tmp_path):
    path = tmp_path / "manifest.csv"
    path.write_bytes(b"file,make,model\n\xff\xfe\x00,1,2\n")
    with pytest.raises(ManifestError, match="UTF-8"):
        manifest_read(path)


def test_a_photo_without_vehicle_is_its_own_car(tmp_path):
    rows = manifest_read(write(tmp_path / "cars", "file,make,model\na.jpg,BMW,X5\nb.jpg,BMW,X5\n"))
    assert [row.vehicle for row in rows] == ["cars/a.jpg", "cars/b.jpg"]
    assert {row.source for row in rows} == {"cars"}


def test_what_it_writes_it_reads(tmp_path):
    rows = manifest_read(write(tmp_path / "cars", "file,make,model,year\na.jpg,BMW,X5,2010\nb.jpg,Škoda,Fabia,\n"))
    assert manifest_write(tmp_path / "other" / "manifest.csv", rows) == 2
    again = manifest_read(tmp_path / "other" / "manifest.csv")
    assert [(r.make, r.model, r.year, r.path.resolve()) for r in again] == [
        (r.make, r.model, r.year, r.path.resolve()) for r in rows
    ]


def test_a_spreadsheet_finds_no_formula_in_it_and_it_is_read_back_as_it_was(tmp_path):
    write(tmp_path / "cars", "")
    (tmp_path / "cars" / "a.jpg").rename(tmp_path / "cars" / "=1+1.jpg")
    rows = manifest_read(write(tmp_path / "cars", "file,make,model,vehicle\n=1+1.jpg,=HYPERLINK(1),@SUM,+7\n"))
    manifest_write(tmp_path / "cars" / "again.csv", [replace(rows[0], vehicle="-7")])
    (cells,) = list(csv.reader((tmp_path / "cars" / "again.csv").open(newline="")))[1:]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    (again,) = manifest_read(tmp_path / "cars" / "again.csv")
    assert (again.make, again.model, again.vehicle) == ("=HYPERLINK(1)", "@SUM", "cars/-7")
    assert again.path.resolve() == rows[0].path.resolve()


def test_the_hash_knows_labels_but_no_order(tmp_path):
    rows = manifest_read(write(tmp_path / "cars", "file,make,model\na.jpg,BMW,X5\nb.jpg,BMW,X5\n"))
    other = manifest_read(write(tmp_path / "cars", "file,make,model\na.jpg,BMW,X5\nb.jpg,BMW,X3\n"))
    assert manifest_sha256(rows) == manifest_sha256(rows[::-1]) != manifest_sha256(other)


@pytest.mark.parametrize("text", ["file,make,model\na.jpg,Citroën,C3\n", "file,make,model\ncitroën.jpg,BMW,X5\n"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_table_in_another_encoding_says_so(tmp_path, text, encoding):
    """File names may be any bytes, labels may not."""
    write(tmp_path, text)
    (tmp_path / "manifest.csv").write_bytes(text.encode(encoding))
    with pytest.raises(ManifestError, match="UTF-8"):
        manifest_read(tmp_path / "manifest.csv")


def test_a_spreadsheet_may_have_saved_it(tmp_path):
    header, empty = "\ufeffsep=;\r\nFile;Make; Model ;Year;Vehicle;\r\n", ";;;;;\r\n"
    text = f"{header}a.jpg;Peugeot;208.0;2012.0;nan;\r\nb.jpg;BMW;nan;-;nan;\r\n{empty}"
    rows = manifest_read(write(tmp_path / "cars", text))
    assert [(row.make, row.model, row.year) for row in rows] == [("Peugeot", "208", "2012"), ("BMW", "", "")]
    assert len({row.vehicle for row in rows}) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,make,model\na.jpg,BMW,X5, dirty\n", "row 2: 4 cells under 3 columns"),
        ("file,make,model\n\na.jpg,BMW,X5\nb.jpg,BM", "row 4: it ends before the column 'model'"),
        ('file,make,model\na.jpg,BMW,"X5\nb.jpg,BMW,X5\n', "line 3 is not that of a table"),
        ("file,make,model,Model\na.jpg,BMW,X5,X3\nc.jpg,BMW,X5,\n", "row 3: no photo c.jpg"),
        ("file,make,model,model\na.jpg,BMW,X5,X3\n", "column 'model' is there 2 times"),
    ],
)
def test_what_is_cut_off_or_ambiguous_is_refused(tmp_path, text, message):
    with pytest.raises(ManifestError) as refused:
        manifest_read(write(tmp_path / "cars", text))
    assert message in str(refused.value)


def test_a_photo_is_found_under_the_name_that_another_system_gave_it(tmp_path):
    path = write(tmp_path / "cars", "file,make,model\ncitro\u00ebn.jpg,Citro\u00ebn,C3\n")
    (path.parent / "a.jpg").rename(path.parent / "citroe\u0308n.jpg")
    (row,) = manifest_read(path)
    assert row.path.exists()
    assert row.vehicle == "cars/citro\u00ebn.jpg"  # as the manifest names it: the car's split stays


def test_a_photo_may_show_no_car_and_then_its_body_is_none(tmp_path):
    text = "file,make,model,kind,body\na.jpg,,,other,motorcycle\nb.jpg,,,exterior,\n"
    thing, nameless = manifest_read(write(tmp_path / "none", text))
    assert (thing.kind, thing.exterior, body_of(thing), thing.label) == ("other", False, "", "no car")
    assert (nameless.exterior, nameless.make) == (True, "")
    manifest_write(tmp_path / "none" / "manifest.csv", [thing])
    assert manifest_read(tmp_path / "none")[0].kind == "other"


@pytest.mark.skipif(not PHOTOS, reason="CAR_PHOTOS is not set")
def test_the_photos_without_a_car_are_read():
    rows = manifest_read(Path(PHOTOS) / "negatives")
    assert Counter(row.kind for row in rows) == {"other": 366, "exterior": 107}
    assert not any(row.make or body_of(row) for row in rows)


@pytest.fixture
def _no_roots(monkeypatch):
    for name in ("CAR_PHOTOS", "PHOTO_ROOTS", "VAR_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_no_roots")
@pytest.mark.parametrize("named", ["/etc/passwd", "../secret", "link.jpg"])
def test_files_elsewhere_that_are_no_photos_are_refused(tmp_path, named):
    (tmp_path / "secret").write_text("root:x:0:0")
    manifest = write(tmp_path / "cars", f"file,make,model\na.jpg,BMW,X5\n{named},BMW,X5\n")
    (tmp_path / "cars" / "link.jpg").symlink_to(tmp_path / "secret")
    with pytest.raises(ManifestError) as caught:
        manifest_read(manifest)
    assert str(caught.value) == f"{manifest}: row 3: {named} lies outside the manifest's folder and is no photo"


@pytest.mark.usefixtures("_no_roots")
def test_given_roots_are_the_only_other_places(tmp_path, monkeypatch):
    manifest = write(tmp_path / "cars", "file,make,model\n../more/a.jpg,BMW,X5\n")
    write(tmp_path / "more", "")
    assert len(manifest_read(manifest)) == 1  # photos may lie elsewhere, as those of runs do
    monkeypatch.setenv("PHOTO_ROOTS", os.pathsep.join([str(tmp_path / "others"), str(tmp_path / "more")]))
    assert len(manifest_read(manifest)) == 1
    monkeypatch.setenv("PHOTO_ROOTS", str(tmp_path / "others"))
    with pytest.raises(ManifestError, match=r"row 2: \.\./more/a\.jpg lies outside .* the folders in PHOTO_ROOTS"):
        manifest_read(manifest)
    monkeypatch.setenv("CAR_PHOTOS", str(tmp_path))
    assert len(manifest_read(manifest)) == 1


@pytest.mark.usefixtures("_no_roots")
def test_links_within_the_roots_are_followed(tmp_path, monkeypatch):
    manifest = write(tmp_path / "cars", "file,make,model\nlink.jpg,BMW,X5\n")
    (tmp_path / "cars" / "link.jpg").symlink_to("a.jpg")
    monkeypatch.setenv("PHOTO_ROOTS", str(tmp_path / "others"))
    assert len(manifest_read(manifest)) == 1
