"""From which side photos show their cars, and how often each is drawn."""

from pathlib import Path

import numpy as np
import pytest

from classifier.artefact import artefact_only
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.pictures.views import draw_shares, views_of
from classifier.training.progress import Silent


def test_without_balance_every_photo_is_drawn_as_often():
    shares = draw_shares(["a", "a", "b"], ["front", "", "rear"], source_balance=0, view_balance=0)
    assert shares.tolist() == pytest.approx([1 / 3] * 3)


def test_with_full_balance_a_small_source_is_drawn_as_often_as_a_large_one():
    shares = draw_shares(["a"] * 90 + ["b"] * 10, [""] * 100, source_balance=1, view_balance=0)
    assert shares[:90].sum() == pytest.approx(shares[90:].sum())


def test_rears_are_drawn_more_often_and_photos_without_a_view_as_the_others_on_average():
    views = ["front"] * 80 + ["rear"] * 10 + [""] * 10
    shares = draw_shares(["a"] * 100, views, source_balance=0, view_balance=0.5)
    front, rear, unknown = shares[0], shares[80], shares[90]
    assert rear == pytest.approx(front * 8**0.5)
    assert unknown == pytest.approx(shares[:90].mean())
    assert shares.sum() == pytest.approx(1)


def test_a_view_comes_from_the_manifest_or_from_the_attribute_classifier_once(tmp_path, shipped_photo, ir_cache):
    photo = tmp_path / "bus.jpg"
    photo.write_bytes(Path(shipped_photo).read_bytes())
    rows = [ManifestRow(photo, "bus.jpg", "A", "B"), ManifestRow(photo, "bus.jpg", "A", "B", view="rear"),
            ManifestRow(tmp_path / "gone.jpg", "gone.jpg", "A", "B")]  # fmt: skip
    attributes = artefact_only(WEIGHTS / "usable")

    def views():
        return views_of(rows, attributes=attributes, work_dir=tmp_path, engine_cache=ir_cache, progress=Silent())

    seen, said, gone = views()
    assert (said, gone) == ("rear", "")
    assert np.isin(seen, [*attributes.spec.heads[0].labels, ""])
    assert views() == [seen, said, gone]
