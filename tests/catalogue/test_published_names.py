"""The catalogue has every make and model in published class lists and in the photos' manifests."""

import csv
import json
import os
from pathlib import Path

import pytest

from marketplace.catalogue.selectors import car_find, catalogue_resolve

CAR_PHOTOS = os.environ.get("CAR_PHOTOS", "")

pytestmark = pytest.mark.skipif(not CAR_PHOTOS, reason="CAR_PHOTOS is unset: the published class lists are not at hand")

# Names that are not a single model. Their authors dropped all of them before training.
NOT_A_MODEL = {
    "caravans-wohnm_others": "a heading for camper vans, no make",
    "volkswagen_others": "a heading for the rest",
    "mercedes-benz_180": "a badge of the A-, B-, C- and CLA-Class and others",
    "mercedes-benz_220": "a badge of the C-, E-, S-Class and others",
    "mercedes-benz_350": "a badge of nearly every class",
}


def _rows(name):
    with (Path(CAR_PHOTOS) / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _json(name):
    return json.loads((Path(CAR_PHOTOS) / "catalogues" / name).read_text(encoding="utf-8"))


def _pairs_without_model(pairs):
    return sorted(pair for pair in set(pairs) if catalogue_resolve(make=pair[0], model=pair[1]).car_model is None)


def _texts_without_model(texts):
    return sorted(text for text in set(texts) if not (car_find(text) or (None, None))[1])


def test_it_knows_every_class_of_stanford_cars(catalogue):
    rows = _rows("catalogues/stanford_196.csv")
    assert len(rows) == 196
    assert _pairs_without_model((row["make"], row["model"]) for row in rows) == []
    assert _texts_without_model(row["class_name"] for row in rows) == []


def test_it_knows_every_brazilian_class(catalogue):
    rows = _rows("catalogues/brazil_classes.csv")
    assert len(rows) == 190
    assert _texts_without_model(row["class"] for row in rows) == []


def test_it_knows_every_european_class_and_every_class_merged_into_one(catalogue):
    merges = _json("europe_merge_map.json")
    names = [row["class"] for row in _rows("catalogues/europe_512_classes.csv")]
    names += [name for merged in merges["merge_into"].values() for name in merged]
    assert _texts_without_model([*names, *merges["merge_into"]]) == []
    assert set(_texts_without_model(merges["dropped"])) == set(NOT_A_MODEL)


def test_it_knows_every_latin_american_model(catalogue):
    makes = _json("latam_makes_models.json")
    pairs = [(make, model["model"]) for make, models in makes.items() for model in models]
    assert len(pairs) == 1156
    assert _pairs_without_model(pairs) == []


@pytest.mark.parametrize("folder", ["stanford_cars", "advertisements", "large_photos"])
def test_it_knows_every_car_in_the_manifests(catalogue, folder):
    pairs = [(row["make"], row["model"]) for row in _rows(f"{folder}/manifest.csv")]
    assert _pairs_without_model(pair for pair in pairs if all(pair)) == []
    assert all(catalogue_resolve(make=make, model=model).make for make, model in set(pairs) if make)


def test_stanford_and_the_advertisements_meet(catalogue):
    def meant(folder):
        pairs = {(row["make"], row["model"]) for row in _rows(f"{folder}/manifest.csv")}
        return {catalogue_resolve(make=make, model=model) for make, model in pairs}

    names = {f"{found.make} {found.car_model}" for found in meant("stanford_cars") & meant("advertisements")}
    assert {"BMW 3 Series", "Mercedes-Benz E-Class", "Volkswagen Golf", "Honda Accord", "Dodge Dakota"} <= names
