"""Tables as people and programs write them."""

import os

import pytest

from classifier.training.data.importers import import_dataset
from classifier.training.data.manifest import ManifestError, manifest_read, manifest_write
from tests.classifier.training.data.importers.photos import labels, photo


def test_it_reads_any_table(tmp_path):
    photo(tmp_path / "a.jpg")
    (tmp_path / "cars.csv").write_text(
        "Bild;Marke;Modell;FIN;Jahr\na.jpg;VOLKSWAGEN;up!;77;2012.0\nb.jpg;Audi;A3;78;\na.jpg;;A3;79;\n"
    )
    columns = {"file": "Bild", "make": "Marke", "model": "Modell", "vehicle": "FIN", "year": "Jahr"}
    found = import_dataset(format="csv", path=tmp_path / "cars.csv", columns=columns, makes=["Volkswagen"])
    assert labels(found) == [("Volkswagen", "up!", "2012")]
    assert found.rows[0].vehicle.endswith("/77")
    assert [(one.file, one.reason) for one in found.unread] == [
        ("row 3 (b.jpg)", "no such photo"),
        ("row 4 (a.jpg)", "a model but no make"),
    ]
    with pytest.raises(ManifestError, match="column 'Fahrzeug' is missing"):
        import_dataset(format="csv", path=tmp_path / "cars.csv", columns={**columns, "vehicle": "Fahrzeug"})


def test_a_table_names_photos_anywhere(tmp_path):
    elsewhere, beside = photo(tmp_path / "photos/1.jpg"), photo(tmp_path / "2.jpg")
    table = tmp_path / "lists/cars.csv"
    table.parent.mkdir()
    table.write_text(f"file,make,model\n{elsewhere},BMW,X5\n../2.jpg,BMW,X3\n")
    found = import_dataset(format="csv", path=table)
    assert not found.unread
    manifest_write(tmp_path / "out/manifest.csv", found.rows)
    assert [row.path.resolve() for row in manifest_read(tmp_path / "out")] == [elsewhere, beside]


def imported(folder, content, **options):
    """What comes of a table with these bytes beside a.jpg and b.jpg."""
    for name in ("a.jpg", "b.jpg"):
        photo(folder / name)
    (folder / "t.csv").write_bytes(content)
    return import_dataset(format="csv", path=folder / "t.csv", makes=["Peugeot", "Citroën", "BMW"], **options)


@pytest.mark.parametrize(
    "content",
    [
        b"file,make,model\na.jpg,Citro\xc3\xabn,C3\n",
        b"\xef\xbb\xbffile;make;model\r\na.jpg;Citro\xc3\xabn;C3\r\n",
        b"sep=;\r\nfile;make;model\r\na.jpg;Citro\xc3\xabn;C3\r\n",
        b'"sep=\t"\nfile\tmake\tmodel\na.jpg\tCitro\xc3\xabn\tC3\n',
        "file\tmake\tmodel\r\na.jpg\tCitroën\tC3\r\n".encode("utf-16"),
        "file\tmake\tmodel\r\na.jpg\tCitroën\tC3\r\n".encode("utf-16-le"),
        "file\tmake\tmodel\r\na.jpg\tCitroën\tC3\r\n".encode("utf-16-be"),
        b"file;make;model\na.jpg;Citro\xebn;C3\n",  # Windows-1252
        b"file,make,model\ra.jpg,Citro\xc3\xabn,C3\r",  # an old Mac
        b" File ,MAKE,Model,,,\na.jpg,Citro\xc3\xabn,C3,,,\n,,,,,\n" + b",,,,,\n" * 3000 + b"\n" * 3000,
        b"\n\nfile,make,model\n\na.jpg,Citro\xc3\xabn,C3\n\n",
        b'"file","make","model","notes, all of them"\n"a.jpg","Citro\xc3\xabn","C3","one\nor two; lines"\n',
        b'file,make,model\na.jpg,"Citro\xc3\xabn","\nC3\n"\n',
        "file,make,model\na.jpg,Citroe\u0308n,C3\n".encode(),
        b"file|make|model\na.jpg|Citro\xc3\xabn|C3\n",
    ],
)
def test_it_reads_what_spreadsheets_write(tmp_path, content):
    found = imported(tmp_path, content)
    assert labels(found) == [("Citroën", "C3", "")]
    assert found.unread == []


@pytest.mark.parametrize(
    ("cells", "label"),
    [
        ("Peugeot,208.0,2012.0", ("Peugeot", "208", "2012")),
        ("Peugeot,208,2012", ("Peugeot", "208", "2012")),
        ('Peugeot,"208,0","2012,00"', ("Peugeot", "208", "2012")),
        ("Mazda,3.0,", ("Mazda", "3", "")),
        ("Wartburg,1.3,1990", ("Wartburg", "1.3", "1990")),
        *(
            (f"BMW,{word},{word}", ("BMW", "", ""))
            for word in ("nan", "NaN", "None", "NULL", "#N/A", "-", "n/a", "<NA>")
        ),
        ("nan,nan,nan", ("", "", "")),
    ],
)
def test_numbers_are_whole_and_what_says_nothing_is_no_model(tmp_path, cells, label):
    found = imported(tmp_path, f"file,make,model,year\na.jpg,{cells}\n".encode())
    assert labels(found) == [label]
    assert bool(found.changes) == (cells.rstrip(",") != ",".join(filter(None, label)))  # and every change is told


def test_vehicles_that_are_not_named_are_not_one_car(tmp_path):
    found = imported(tmp_path, b"file,make,model,vehicle\na.jpg,BMW,X5,nan\nb.jpg,BMW,X5,nan\n")
    assert len({row.vehicle for row in found.rows}) == 2
    again = imported(tmp_path, b"file,make,model,vehicle\na.jpg,BMW,X5,77.0\nb.jpg,BMW,X5,77\n")
    assert len({row.vehicle for row in again.rows}) == 1


def test_labels_that_changed_are_counted_and_named(tmp_path):
    found = imported(tmp_path, b"file,make,model\na.jpg,Peugeot,208.0\nb.jpg,PEUGEOT,208\n")
    assert [(one.said, one.label, one.photos, one.file, one.respelled) for one in found.changes] == [
        ("Peugeot 208.0", "Peugeot 208", 1, "a.jpg", False),
        ("PEUGEOT 208", "Peugeot 208", 1, "b.jpg", True),
    ]


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        (
            b"file,make,model\na.jpg,BMW,X5, very dirty\nb.jpg,BMW,X5,\n",
            ["4 cells under 3 columns: text with"],
        ),
        (b"file,make,model\nb.jpg,BMW,X5\na.jpg\n", ["it ends before the column 'make'"]),
        (b"file,make,model\nb.jpg,BMW,X5\na.jpg,Saab,09-Mar\n", ["the model '09-Mar' is a date, which a spreadsheet"]),
        (b"file,make,model\nb.jpg,BMW,X5\nb.jpg,bmw,x-5\n", ["an earlier row names the same photo"]),
        (b"file,make,model\nb.jpg,BMW,X5\na.jpg,BMW,X3\n./a.jpg,Fiat,500\n", ["another row calls the same photo"] * 2),
        (b"file,make,model\nb.jpg,BMW,X5\n\nc.jpg,BMW,X5\n", ["no such photo"]),
    ],
)
def test_rows_that_are_not_taken_are_named(tmp_path, content, reasons):
    found = imported(tmp_path, content)
    assert labels(found) == [("BMW", "X5", "")]
    assert len(found.unread) == len(reasons)
    assert all(one.reason.startswith(reason) for one, reason in zip(found.unread, reasons, strict=True)), found.unread


def test_a_row_has_the_number_that_a_spreadsheet_shows(tmp_path):
    found = imported(tmp_path, b'sep=,\nfile,make,model\n\n"a.jpg",BMW,"X\n5"\nc.jpg,BMW,X5\n')
    assert [one.file for one in found.unread] == ["row 4 (c.jpg)"]


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"PK\x03\x04\x14\0", "is an Excel or LibreOffice file: save it as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old Excel file"),
        (b"file,make,make\na.jpg,BMW,X5\n", "column 'make' is there 2 times"),
        (
            b'file,make,model\na.jpg,BMW,"X5\nb.jpg,BMW,X5\n',
            r"line 3 is not that of a table .*a quotation mark missing",
        ),
        (b"Bild;Marke\na.jpg;BMW\n", r"column 'file' is missing \(there are Bild, Marke\)"),
        (b"file,make\n\x81\x8d.jpg,BMW\n", "is a table in neither UTF-8 nor Windows-1252"),
        (b"", "column 'file' is missing"),
    ],
)
def test_it_refuses_a_table_that_it_would_have_to_guess(tmp_path, content, answer):
    with pytest.raises(ManifestError, match=answer):
        imported(tmp_path, content)


def test_it_finds_photos_whose_names_another_system_wrote(tmp_path):
    names = ["Citroe\u0308n/e\u0301te\u0301.jpg", "photos/1.jpg", os.fsdecode("Škoda é.jpg".encode("cp1252"))]
    for name in names:
        photo(tmp_path / name)
    table = "file,make,model\nCitroën/été.jpg,BMW,X5\nphotos\\1.jpg,BMW,X5\nŠkoda é.jpg,BMW,X5\n"
    found = imported(tmp_path, table.encode())
    assert found.unread == []
    assert [row.path for row in found.rows] == [tmp_path / name for name in names]


def test_how_a_table_was_read_is_told_where_it_was_guessed(tmp_path):
    assert "read as Windows-1252" in imported(tmp_path, b"file,make\na.jpg,Citro\xebn\n").notes[0]
    notes = imported(tmp_path, b"file,make,Make ,vehicle\na.jpg,BMW,Audi,1.2E+11\n").notes
    assert notes == [
        "column 'Make' is not read, 'make' is",
        "1 vehicle id shortened by a spreadsheet (1.2E+11): cars may share one",
    ]
