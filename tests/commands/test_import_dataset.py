"""manage.py import_dataset"""

import os

import pytest

from classifier.training.data.manifest import manifest_read, manifest_sha256
from classifier.training.data.split import split_of
from tests.factories import MakeAliasFactory
from tests.training.fakes import photo_write


@pytest.fixture
def folders(tmp_path):
    root = tmp_path / "europe"
    for name, colour in {"skoda-octavia_2012": "red", "volvo-v70": "blue", "moskvich-412": "gray"}.items():
        for number in (1, 2):
            photo_write(root / name / f"{number}_{name}.jpg", colour, mark=number)
    (root / "volvo-v70" / "notes.txt").write_text("x")
    return root


def test_it_writes_a_manifest_that_reads_back(manage, cars, folders):
    ran = manage("import_dataset", "folders", folders, "--vehicle-pattern", r"^(\d+)_", "--json")
    assert ran.code == 0
    document = ran.document
    assert (document["photos"], document["classes"]) == (6, 3)
    assert document["unread"] == [{"file": "volvo-v70/notes.txt", "reason": "not a photo by its ending"}]
    assert list(document["unknown_makes"].values()) == [2]
    rows = manifest_read(folders / "manifest.csv")
    assert {row.vehicle for row in rows} == {"europe/1", "europe/2"}
    assert {(row.make.casefold(), row.year) for row in rows} >= {("volvo", ""), ("škoda", "2012")}


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["folders", "nowhere"], "nowhere: no such folder"),
        (["csv", "nowhere.csv"], "nowhere.csv: no such file"),
        (["filenames", ".", "--pattern", "("], "is no regular expression"),
        (["csv", "x.csv", "--column", "make"], "must look like make=Brand"),
    ],
)
def test_it_refuses_in_one_line(manage, db, tmp_path, monkeypatch, arguments, answer):
    monkeypatch.chdir(tmp_path)
    ran = manage("import_dataset", *arguments, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert answer in ran.line


def test_it_does_not_overwrite_the_table_it_reads(manage, db, folders):
    table = folders / "manifest.csv"
    table.write_text("file,make,model\nvolvo-v70/1_volvo-v70.jpg,Volvo,V70\n")
    before = table.read_bytes()
    assert manage("import_dataset", "csv", table).code == 2
    assert table.read_bytes() == before
    assert manage("import_dataset", "csv", table, "-o", folders / "other.csv").code == 0


def test_it_does_not_replace_a_pipe_or_a_folder(manage, db, folders, tmp_path):
    os.mkfifo(tmp_path / "pipe")  # stands in for /dev/null, which root could replace by a file
    for place in (tmp_path / "pipe", tmp_path):
        ran = manage("import_dataset", "folders", folders, "-o", place)
        assert ran.code == 2
        assert f"{place}: cannot be written (it is there and is no file)" in ran.line
    assert (tmp_path / "pipe").is_fifo()


def test_retrain_refuses_a_make_that_the_catalogue_does_not_know(manage, champion, cars, manifest, trained):
    trained("red", "lime", "blue", "gray")
    lot = manifest("red", "blue")
    lot.write_text(lot.read_text().replace("Volvo", "Volvvo"))
    ran = manage("retrain", "--manifest", lot, "--recipe", "quick")
    assert ran.code == 2
    assert "The catalogue does not know Volvvo (20 photos). Add them there, or allow them: --new-makes." in ran.line
    assert manage("retrain", "--manifest", lot, "--recipe", "quick", "--new-makes").code != 2


def test_file_names_that_are_no_text_read_back_as_paths_that_open(manage, cars, tmp_path):
    """Old archives have file names in Latin-1."""
    root = tmp_path / "europe"
    photo = photo_write(root / "volvo-v70" / "1.jpg", "blue")
    photo.rename(photo.with_name("citro\udcebn.jpg"))
    ran = manage("import_dataset", "folders", root, "--json")
    assert (ran.code, ran.document["photos"]) == (0, 1)
    rows = manifest_read(root / "manifest.csv")
    assert rows[0].path.read_bytes()
    assert rows[0].file.encode()  # can be encoded, as in a report
    assert split_of(rows[0])
    assert manifest_sha256(rows)


def test_a_make_that_is_no_text_is_refused_in_one_line(manage, cars, tmp_path):
    root = tmp_path / "europe"
    photo_write(root / "citro\udcebn-c3" / "1.jpg", "blue")
    ran = manage("import_dataset", "folders", root)
    assert ran.code == 2
    assert "is not in UTF-8" in ran.line
    assert not (root / "manifest.csv").exists()


def test_names_are_cleaned_by_the_catalogue_and_oddities_are_reported(manage, cars, tmp_path):
    MakeAliasFactory(make=cars["V70"].make, text="Volvo Cars")
    root = tmp_path / "europe"
    for folder in ("volvo-cars_v-70", "VOLVO_v70", "skoda_unheard-of", "volvo"):
        photo_write(root / folder / "1_x.jpg", "blue")
    ran = manage("import_dataset", "folders", root, "--vehicle-pattern", r"^(\d+)_")
    assert ran.code == 0
    rows = {(row.make, row.model) for row in manifest_read(root)}
    assert rows == {("Volvo", "V70"), (cars["Octavia"].make.name, "unheard-of"), ("Volvo", "")}
    assert "without a model: 1 photos, which only a recipe of makes learns" in ran.out
    assert "1 cars have photos of several models: are the ids whole?" in ran.out


def test_what_it_writes_is_what_retrain_reads(manage, champion, cars, trained, tmp_path):
    calls = trained("red", "lime", "blue", "gray")
    root = tmp_path / "europe"
    for side, numbers in (("train", range(10)), ("test", range(10, 30))):
        for number in numbers:
            for colour, folder in (("red", "SKODA_octavia"), ("blue", "volvo_V-70")):
                photo_write(root / side / folder / f"{number}_{colour}.jpg", colour, mark=number)
    assert manage("import_dataset", "folders", root, "--vehicle-pattern", r"^(\d+_\w+)").code == 0
    ran = manage("retrain", "--manifest", root, "--recipe", "default", "--json")
    assert ran.document["photos"] == 60
    assert {row.model for row in calls[0]["rows"]} == {"Octavia", "V70"}


def test_whatever_is_not_taken_as_it_is_said_is_told(manage, cars, tmp_path):
    for name, colour in {"a": "red", "b": "blue", "c": "gray"}.items():
        photo_write(tmp_path / "lot" / f"{name}.jpg", colour)
    table = tmp_path / "lot" / "cars.csv"
    table.write_bytes(
        b"sep=;\nFile;Make;Model;Year\na.jpg;VOLVO;v-70;2012.0\nb.jpg;Skoda;Fabia;\nb.jpg;Volvo;V70;\nc.jpg;Skoda;nan;\n"
    )
    (tmp_path / "lot" / "d.jpg").write_bytes((tmp_path / "lot" / "a.jpg").read_bytes())
    with table.open("ab") as file:
        file.write(b"d.jpg;Skoda;Octavia;\n")
    ran = manage("import_dataset", "csv", table)
    assert ran.code == 0
    make = cars["Octavia"].make.name
    assert ran.out.splitlines()[1:] == [
        "  not read: 2 × another row calls the same photo another car: neither is taken, such as row 3 (b.jpg)",
        "  without a model: 1 photos, which only a recipe of makes learns (brands)",
        f"  one file under two labels: a.jpg (Volvo V70 2012), d.jpg ({make} Octavia)",
        '  label changed: "VOLVO v-70 2012.0" is Volvo V70 2012 (1 photo, such as a.jpg)',
        f'  label changed: "Skoda nan" is {make} (1 photo, such as c.jpg)',
        f'  only spelled otherwise: 1 photo, such as "Skoda Octavia" as {make} Octavia',
    ]
    document = manage("import_dataset", "csv", table, "--json").document
    assert document["two_labels"][0][1] == {"file": "d.jpg", "make": make, "model": "Octavia", "year": ""}
    assert document["labels_changed"][1] == {"said": "Skoda nan", "make": make, "model": "", "year": "", "photos": 1}
    assert document["notes"] == []


def test_folders_that_may_mean_several_things_are_asked_about(manage, cars, tmp_path):
    photo_write(tmp_path / "boxes" / "red" / "1.jpg", "red")
    ran = manage("import_dataset", "folders", tmp_path, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "(boxes/red), and it is not clear what they say: name it by a pattern, one of class, " in ran.line
    ran = manage("import_dataset", "folders", tmp_path, "--pattern", "make/model", "--json")
    assert ran.document["notes"] == ["folders read as make/model: boxes/red is boxes red"]
