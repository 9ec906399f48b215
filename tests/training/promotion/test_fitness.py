"""Whether a version can serve here: both engines agree, and photos are quick."""

import time

import numpy as np
import pytest

from classifier.artefact import artefact_only
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import ManifestRow, manifest_read
from marketplace.training.promotion.fitness import latency_measure, parity_measure, parity_of
from tests.training.fakes import ColourRecogniser


class Slow(ColourRecogniser):
    """The version called "slow" takes 20 ms longer."""

    def recognise(self, photos):
        if self.version.startswith("slow"):
            time.sleep(0.02)
        return super().recognise(photos)


@pytest.fixture
def rows(settings, manifest):
    settings.RECOGNISER = "tests.training.promotion.test_fitness.Slow"
    return manifest_read(manifest("red", "lime", "lime", "lime"))


def test_parity_counts_the_photos_that_the_engines_name_differently(classes):
    ours = [np.log(np.array(row, dtype=np.float32)) for row in ([0.9, 0.1], [0.52, 0.48], [0.2, 0.8])]
    theirs = [np.log(np.array(row, dtype=np.float32)) for row in ([0.88, 0.12], [0.49, 0.51], [0.2, 0.8])]
    found = parity_of(ours=ours, theirs=theirs, classes=classes("red", "blue"))
    assert (found.photos, found.differing) == (3, 1)
    assert found.largest == pytest.approx(0.03, abs=1e-6)


@pytest.mark.slow
def test_the_shipped_model_gives_the_same_answers_in_both_engines(settings, shipped_photo, tmp_path):
    settings.RECOGNISER = "classifier.recognise.Recogniser"
    settings.STARTER_WEIGHTS_DIR = WEIGHTS
    settings.ENGINE_CACHE_DIR = tmp_path / "engines"
    row = ManifestRow(path=shipped_photo, file=shipped_photo.name, make="", model="")
    found = parity_measure(folder=artefact_only(WEIGHTS / "classifier").folder, rows=[row])
    assert (found.photos, found.differing) == (1, 0)
    assert found.largest < 0.01


def test_latency_is_that_of_champion_and_challenger_on_the_same_photos(rows, champion, artefact, classes):
    slow = artefact("slow", classes=classes("red")).folder
    found = latency_measure(challenger=slow, champion=champion.folder, rows=rows)
    assert found.photos == 30
    assert found.challenger > 20 > found.champion
    assert latency_measure(challenger=slow, champion=None, rows=rows[:1]).champion is None


def test_it_measures_nothing_without_photos(champion):
    assert parity_measure(folder=champion.folder, rows=[]) is None
    assert latency_measure(challenger=champion.folder, champion=None, rows=[]) is None
