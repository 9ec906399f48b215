"""Which models are held out, and what is counted."""

from pathlib import Path

import pytest

from classifier.artefact import Thresholds
from classifier.recognition import Recognition
from classifier.taxonomy import Candidate
from classifier.training.data.manifest import ManifestRow
from classifier.training.progress import Silent
from classifier.training.tools.unknown_models import confident_names, held_out, main, splits_of_return


def row(number, make="Audi", model="A4", source="ads"):
    return ManifestRow(Path(f"{number}.jpg"), f"{number}.jpg", make, model, source=source)


class StubRecogniser:
    classes = ()
    thresholds = Thresholds(model=0.9, make=0.8)

    def stream(self, photos):
        for photo in photos:
            confidence = float(photo.stem)
            named = (Candidate("BMW", "X5", "", confidence),) if confidence else ()
            yield Recognition("ok" if named else "no_vehicle", candidates=named)


def test_a_model_is_held_out_whole_whatever_body_or_spelling():
    models = [row(n, model=f"M{n} Sedan") for n in range(400)]
    out = [one for one in models if held_out(one, 0.2)]
    assert len(out) == pytest.approx(80, abs=25)
    assert all(held_out(row(1, "AUDI", one.model.lower().replace("sedan", "Wagon 4x4")), 0.2) for one in out)
    assert not held_out(row(1, model=""), 1.0)


def test_photos_above_the_threshold_are_counted_by_source_and_unanswered_ones_stay_in():
    rows = [row("0.95"), row("0.5"), row("0.0"), row("0.91", source="cars")]
    found = confident_names(rows=rows, recogniser=StubRecogniser(), progress=Silent())
    assert found["all"]["photos"] == 4
    assert (found["all"]["answered"], found["all"]["above_threshold"]) == (3, 0.5)
    assert (found["ads"]["above_threshold"], found["cars"]["above_threshold"]) == (0.3333, 1.0)


def test_a_missing_manifest_is_one_clear_line(tmp_path, capsys):
    assert main(["--manifest", str(tmp_path / "none"), "--work", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_model_that_comes_back_is_asked_about_photos_that_nobody_learned_from():
    photos = [row(n, make="Ford", model="F-150 Regular Cab") for n in range(73)] + [row(n) for n in range(5)]
    back = splits_of_return(photos, "ford f150 regular cab")
    splits = [one.split for one in back]
    assert [splits.count(split) for split in ("train", "val", "test")] == [52, 8, 13]
    assert len({one.file for one in back}) == 73
    assert splits_of_return(photos[::-1], "Ford F-150 Regular Cab") == back
