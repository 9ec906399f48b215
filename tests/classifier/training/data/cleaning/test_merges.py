"""Merge tables: what they do to labels, and what they are refused for."""

import json
import os
from pathlib import Path

import pytest

from classifier.training.data.cleaning.merges import MergeError, merge_apply, merge_names, merge_read
from classifier.training.data.manifest import ManifestRow

PHOTOS = os.environ.get("CAR_PHOTOS", "")


def cars(*labels):
    return [ManifestRow(Path(f"{number}.jpg"), f"{number}.jpg", *label) for number, label in enumerate(labels)]


def merged(tmp_path, table, *labels):
    path = tmp_path / "table.json"
    path.write_text(json.dumps(table))
    rows, stage = merge_apply(cars(*labels), merge_read([path]))
    return [(row.make, row.model, row.year) for row in rows], stage


def test_look_alikes_become_one_and_what_is_dropped_is_named(tmp_path):
    table = {"merge_into": {"audi_a4": ["audi_s4"], "citroen_ds3": ["ds-automobiles_ds-3"]}, "dropped": ["mini_one-d"]}
    labels, stage = merged(
        tmp_path,
        table,
        ("Audi", "S4", "2009"),
        ("DS Automobiles", "DS 3", ""),
        ("MINI", "One D", ""),
        ("BMW", "X5", ""),
    )
    assert labels == [("audi", "a4", "2009"), ("citroen", "ds3", ""), ("BMW", "X5", "")]
    assert (stage.before, stage.after) == (4, 3)
    assert stage.words == "2 photos of 2 models go into 2, 1 photo left out"
    assert [(one.file, one.reason) for one in stage.left_out] == [
        ("2.jpg", "mini_one-d is left out by the merge table")
    ]


def test_model_years_become_one(tmp_path):
    table = {"merge_into": {"audi_a4_2008": ["audi_a4_2009", "audi_a4_2010"], "mazda_2": ["mazda_2_2007"]}}
    labels, _ = merged(
        tmp_path, table, ("Audi", "A4", "2009"), ("Audi", "A4", "2012"), ("Mazda", "2", "2007"), ("Peugeot", "2008", "")
    )
    assert labels == [("audi", "a4", "2008"), ("Audi", "A4", "2012"), ("mazda", "2", ""), ("Peugeot", "2008", "")]


def test_chains_are_followed_and_unused_entries_told(tmp_path):
    table = {"merge_into": {"audi_a4": ["audi_s4"], "audi_a": ["audi_a4", "audi_a3"]}}
    labels, stage = merged(tmp_path, table, ("Audi", "S4", ""), ("Audi", "", ""))
    assert labels == [("audi", "a", ""), ("Audi", "", "")]
    assert stage.words.endswith("1 of 3 entries match no photo")
    assert "match no photo: audi_a3" in stage.details


def test_names_are_followed_for_whoever_tells_the_merged_apart(tmp_path):
    table = tmp_path / "t.json"
    into = '{"audi_a4": ["audi_s4"], "audi_a5": ["audi_a4", "audi_a3_2010"]}'
    table.write_text(f'{{"merge_into": {into}, "dropped": ["mini_one"]}}')
    renamed = merge_names(merge_read([table]))
    assert [renamed("Audi", name) for name in ("S4", "A4", "A5", "A3")] == [
        ("audi", "a5"), ("audi", "a5"), ("Audi", "A5"), ("Audi", "A3"),
    ]  # fmt: skip
    assert renamed("Mini", "One") == ("Mini", "One")


def test_a_table_may_be_csv(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("from,to\nAudi_S4,Audi_A4\nMini_One,\n")
    rows, _ = merge_apply(cars(("Audi", "S4"), ("Mini", "One")), merge_read([path]))
    assert [(row.make, row.model) for row in rows] == [("Audi", "A4")]


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ('{"merge_into": {"a_1": ["a_2"], "a_2": ["a_1"]}}', "turns in a circle: a_2 → a_1 → a_2"),
        ('{"merge_into": {"a_1": ["a_1"]}}', "turns in a circle: a_1 → a_1"),
        ('{"merge_into": {"a_1": ["a_3"], "a_2": ["a_3"]}}', "'a_3' goes into 'a_1' and goes into 'a_2'"),
        ('{"merge_into": {"a_1": ["a_3"]}, "dropped": ["a_3"]}', "'a_3' goes into 'a_1' and is left out"),
        ('{"merge_inot": {}, "dropped": []}', "unknown key 'merge_inot'; there are merge_into and dropped"),
        ('{"merge_into": {"a_1": "a_2"}}', "merge_into 'a_1' must be a list"),
        ('{"dropped": ["opel"]}', "'opel' does not look like make_model"),
        ('{"dropped": [7]}', "7 does not look like make_model"),
        ('["a"]', 'must be {"merge_into"'),
        ("{", "is not JSON"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_in_one_line(tmp_path, content, answer):
    path = tmp_path / "table.json"
    path.write_text(content)
    with pytest.raises(MergeError) as refused:
        merge_read([path])
    assert answer in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_csv_without_its_columns_and_a_missing_file_are_refused(tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n")
    with pytest.raises(MergeError, match="column 'from' is missing"):
        merge_read([tmp_path / "table.csv"])
    with pytest.raises(MergeError, match="cannot be read"):
        merge_read([tmp_path / "none.json"])


@pytest.mark.skipif(not PHOTOS, reason="CAR_PHOTOS is not set")
def test_the_european_table_leads_to_classes_of_that_catalogue():
    folder = Path(PHOTOS) / "catalogues"
    table = merge_read([folder / "europe_merge_map.json"])
    classes = set((folder / "europe_512_classes.csv").read_text().split()[1:])
    assert len(table.into) == 280
    assert sum(label is not None and label.text in classes for label in table.into.values()) > 240
    assert not classes & {table.names[key] for key, label in table.into.items() if label is not None}


def test_a_table_may_be_what_a_spreadsheet_writes(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("From;To;\r\nCitroën_DS3;DS_3;\r\nMini_One;;\r\n;;\r\n".encode("cp1252"))
    rows, _ = merge_apply(cars(("Citroen", "DS 3"), ("Mini", "One")), merge_read([path]))
    assert [(row.make, row.model) for row in rows] == [("DS", "3")]
    path.write_text("from,to\nAudi_S4,Audi_A4\nAudi_RS4\n")
    with pytest.raises(MergeError, match="row 3: it ends before the column 'to'"):
        merge_read([path])
