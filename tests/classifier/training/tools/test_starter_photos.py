"""The starter's photos as one clean manifest a source."""

from pathlib import Path

import pytest

from classifier.training.data.manifest import ManifestRow, manifest_read
from classifier.training.data.split import split_of
from classifier.training.tools.starter_photos import manifests_write, source_of, starter_rows
from tests.pictures import jpeg


def row(path, vehicle, source="dealers", split="val"):
    return ManifestRow(
        Path(path), Path(path).name, "Audi", "A4", vehicle=f"{source}/{vehicle}", split=split, source=source
    )


@pytest.mark.parametrize(
    ("vehicle", "source", "wanted"),
    [("dl-bg-audi-1", "dealers", "dealers-bg"), ("dl-olx-77", "negatives", "negatives"), ("ad-3", "dealers", "dealers"),
     ("dl-fi-x", "advertisements", "advertisements")],
)  # fmt: skip
def test_only_dealers_are_told_apart_by_country(vehicle, source, wanted):
    assert source_of(row("a.jpg", vehicle, source)) == wanted


def test_each_source_gets_a_manifest_in_which_every_car_keeps_its_split(tmp_path):
    folder = tmp_path / "photos" / "dealers"
    folder.mkdir(parents=True)
    lines = ["file,make,model,vehicle,kind,split"]
    for number in range(20):
        (folder / f"{number}.jpg").write_bytes(jpeg())
        lines.append(
            f"{number}.jpg,Audi,A4,dl-{('bg', 'fi')[number % 2]}-{number},exterior,{('train', 'val')[number % 3 == 0]}"
        )
    (folder / "manifest.csv").write_text("\n".join(lines))
    rows = starter_rows(tmp_path / "photos")
    counts = manifests_write(rows, tmp_path / "out")
    assert counts == {"dealers-bg": 10, "dealers-fi": 10}
    again = [one for source in counts for one in manifest_read(tmp_path / "out" / source)]
    before = {one.path.resolve(): split_of(one) for one in manifest_read(folder)}
    assert {one.path.resolve(): split_of(one) for one in again} == before
    assert set(before.values()) == {"train", "val", "test"}
