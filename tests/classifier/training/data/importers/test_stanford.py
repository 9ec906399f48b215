"""Stanford's devkit."""

import numpy as np
import pytest
from scipy.io import savemat

from classifier.training.data.importers import import_dataset
from classifier.training.data.manifest import ManifestError
from tests.classifier.training.data.importers.photos import labels, photo


@pytest.fixture
def devkit(tmp_path):
    """A folder with the labels of three photos, of which the second is missing."""
    (tmp_path / "devkit").mkdir()
    names = np.array(
        [["AM General Hummer SUV 2000", "Rolls-Royce Phantom Sedan 2012", "BMW 3 Series Sedan 2012"]], object
    )
    savemat(tmp_path / "devkit/cars_meta.mat", {"class_names": names})
    kinds = [(f"bbox_{edge}", object) for edge in ("x1", "y1", "x2", "y2")] + [("class", object), ("fname", object)]
    table = np.array([[(39, 116, 569, 375, 1, "1.jpg"), (1, 1, 9, 9, 3, "2.jpg"), (1, 1, 9, 9, 2, "3.jpg")]], kinds)
    savemat(tmp_path / "devkit/cars_train_annos.mat", {"annotations": table})
    photo(tmp_path / "cars_train/1.jpg")
    photo(tmp_path / "cars_train/3.jpg")
    return tmp_path


def test_it_reads_stanfords_devkit(devkit):
    found = import_dataset(format="stanford", path=devkit)
    assert labels(found) == [("AM General", "Hummer SUV", "2000"), ("Rolls-Royce", "Phantom Sedan", "2012")]
    assert found.boxes[devkit / "cars_train/1.jpg"] == (38, 115, 569, 375)
    assert [(one.file, one.reason) for one in found.unread] == [("cars_train/2.jpg", "no such photo")]
    (devkit / "devkit/cars_train_annos.mat").write_bytes(b"MATLAB? no" * 30)
    with pytest.raises(ManifestError, match=r"cars_train_annos\.mat: is not the devkit's file"):
        import_dataset(format="stanford", path=devkit)


def test_photos_without_a_label_are_named(devkit):
    for name in ("cars_train/4.jpg", "cars_test/1.jpg", "cover.jpg"):
        photo(devkit / name)
    found = import_dataset(format="stanford", path=devkit)
    assert {one.file: one.reason for one in found.unread} == {
        "cars_train/2.jpg": "no such photo",
        "cars_train/4.jpg": "named by no row of cars_train_annos.mat",
        "cars_test/1.jpg": "its label would be in cars_test_annos_withlabels.mat, which is not there",
        "cover.jpg": "lies in neither folder",
    }
