"""Labels in file names."""

import pytest

from classifier.training.data.importers import import_dataset
from classifier.training.data.manifest import ManifestError
from tests.classifier.training.data.importers.photos import labels, photo


def test_it_reads_labels_out_of_file_names(tmp_path):
    one = "Acura_ILX_2013_28_16_110_15_4_70_55_179_39_FWD_5_4_4dr"
    for name in (f"{one}_aWg", f"{one}_Bbw", "VOLKSWAGEN_Golf GTI_2015_1_x", "OpelCorsa_D_2009_1_x", "holiday"):
        photo(tmp_path / f"{name}.jpg")
    found = import_dataset(
        format="filenames", path=tmp_path, pattern="make_model_year", makes=["Volkswagen", "Opel", "Acura"]
    )
    assert labels(found) == [
        ("Acura", "ILX", "2013"),
        ("Acura", "ILX", "2013"),
        ("Opel", "Corsa D", "2009"),
        ("Volkswagen", "Golf GTI", "2015"),
    ]
    assert found.rows[0].vehicle == found.rows[1].vehicle != found.rows[2].vehicle
    assert [(one.file, one.reason) for one in found.unread] == [("holiday.jpg", "the pattern does not fit")]


def test_it_takes_a_pattern_of_ones_own_and_leaves_other_words_whole(tmp_path):
    photo(tmp_path / "Minivan 001.jpg")
    found = import_dataset(format="filenames", path=tmp_path, pattern=r"(?P<make>\w+) \d+", makes=["Mini"])
    assert labels(found) == [("Minivan", "", "")]
    with pytest.raises(ManifestError, match="has no group"):
        import_dataset(format="filenames", path=tmp_path, pattern="modell")
    with pytest.raises(ManifestError, match="no regular expression"):
        import_dataset(format="filenames", path=tmp_path, pattern="(")
