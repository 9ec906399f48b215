"""Whether a version can serve here: both engines alike, and quickly enough."""

import time

import numpy as np
import pytest

from classifier.training.manifest import manifest_read
from marketplace.training.fitness import latency_measure, parity_measure
from tests.training.fakes import ColourRecogniser


class TwoFaced(ColourRecogniser):
    """PyTorch sees red cars otherwise, and the version called "slow" takes its time."""

    @classmethod
    def open(cls, *, classifier, weights, engine, device, cache_dir):
        opened = cls(classifier)
        opened.engine = engine
        return opened

    def recognise(self, photos):
        if self.version.startswith("slow"):
            time.sleep(0.02)
        return [self._turned(one) if self.engine == "torch" else one for one in super().recognise(photos)]

    def _turned(self, said):
        from dataclasses import replace

        if said.candidates[0].model != "Octavia":
            return said
        return replace(said, candidates=said.candidates[::-1], log_probs=said.log_probs[::-1].astype(np.float32))


@pytest.fixture
def rows(settings, manifest):
    settings.RECOGNISER = "tests.training.test_fitness.TwoFaced"
    return manifest_read(manifest("red", "lime", "lime", "lime"))


def test_it_counts_the_photos_that_the_engines_name_differently(rows, champion):
    found = parity_measure(folder=champion.folder, rows=rows)
    assert (found.photos, found.differing) == (40, 10)
    assert found.largest == pytest.approx(0.98, abs=0.01)


def test_it_times_champion_and_challenger_on_the_same_photos(rows, champion, artefact, classes):
    slow = artefact("slow", classes=classes("red")).folder
    found = latency_measure(challenger=slow, champion=champion.folder, rows=rows)
    assert found.photos == 40
    assert found.challenger > 20 > found.champion
    assert latency_measure(challenger=slow, champion=None, rows=rows[:1]).champion is None


def test_it_says_nothing_without_photos(champion):
    assert parity_measure(folder=champion.folder, rows=[]) is None
    assert latency_measure(challenger=champion.folder, champion=None, rows=[]) is None
