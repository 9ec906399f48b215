"""What the shipped starter remembers of photos, as a market's photos that a training can be given.

None of the photos is needed, and none is looked at.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from classifier.artefact import Artefact
from classifier.names import name_key
from classifier.recognise import WEIGHTS
from classifier.training.data.manifest import ManifestRow
from classifier.training.data.memory.remembered import memory_read
from classifier.training.data.split import settled, split_of
from classifier.training.evaluation.cached_recogniser import CachedRecogniser
from classifier.training.progress import Silent
from classifier.training.recipe import recipe_load
from classifier.training.request import TrainingContext, TrainingRequest
from classifier.training.tools.without_models import without_models
from classifier.training.train import train
from marketplace.training.promotion.evidence import Needed
from marketplace.training.promotion.fitness import Latency, Parity
from marketplace.training.promotion.gates import gates_check
from marketplace.training.promotion.measurements import Measurements, Paired
from marketplace.training.promotion.scoring import VersionScores, paired, version_score

NOTHING_NEEDED = Needed(0, 0, 0, 0)
ENOUGH = 60
"""Photos that a market brings of a model."""


def mislabelled(photos: list[ManifestRow]) -> list[ManifestRow]:
    """30 % of the labels are those of another photo's car."""
    choice = random.Random(0)
    cars = [(row.make, row.model) for row in photos]

    def other(row: ManifestRow) -> ManifestRow:
        make, model = choice.choice([car for car in cars if car != (row.make, row.model)])
        return replace(row, make=make, model=model)

    return [other(row) if choice.random() < 0.3 else row for row in photos]


def named(one: ManifestRow) -> str:
    return name_key(f"{one.make} {one.model}")


class Market:
    """The starter's remembered photos as files that a training can be given."""

    def __init__(self, starter: Artefact, folder: Path) -> None:
        memory = memory_read(starter)
        assert memory is not None
        self.starter, self.memory, self.folder = starter, memory, folder
        self._scores: dict[str, VersionScores] = {}
        self.rows = [self._row(one) for one in memory.rows]
        recogniser = self.recogniser(starter)
        recogniser.keep(recogniser.digests([row.path for row in self.rows]), memory.sights())
        recogniser.close()
        of_model = Counter(named(row) for row in self.rows)
        held_out = Counter(named(row) for row in self.rows if split_of(row) != "train")
        known = {name_key(f"{one.make} {one.model}") for one in starter.spec.classes}
        self.models = sorted(
            (one for one in known if of_model[one] >= 30), key=lambda one: (of_model[one] < ENOUGH, -held_out[one], one)
        )
        """With 30 photos or more; first those with ENOUGH, and of these with the most held out."""

    def _row(self, row: ManifestRow) -> ManifestRow:
        path = self.folder / f"{row.path.name}.jpg"  # no picture: only its hash is asked for
        path.write_text(row.path.name)
        return settled(replace(row, path=path, year=""))

    def recogniser(self, artefact: Artefact) -> CachedRecogniser:
        return CachedRecogniser(artefact, memory=self.folder / "work", weights=WEIGHTS, cache_dir=self.folder / "ir")

    def without(self, models: Sequence[str]) -> Artefact:
        return without_models(self.starter, models, out=self.folder / "artefacts")

    def taught(self, champion: Artefact, models: Sequence[str]) -> Artefact:
        """The champion, by `quick`, with what the market has of some models."""
        return train(
            request=TrainingRequest(
                rows=[row for row in self.rows if named(row) in models], recipe=recipe_load("quick"), champion=champion
            ),
            context=TrainingContext(
                work_dir=self.folder / "work", weights=WEIGHTS, progress=Silent(), engine_cache=self.folder / "ir"
            ),
            out=self.folder / "artefacts",
        ).artefact  # fmt: skip

    def scores(self, artefact: Artefact) -> VersionScores:
        """On all test photos that the starter remembers."""
        if artefact.version not in self._scores:
            self._scores[artefact.version] = self._scored(artefact)
        return self._scores[artefact.version]

    def _scored(self, artefact: Artefact) -> VersionScores:
        asked = self.memory.of("test")
        recogniser = self.recogniser(artefact)
        try:
            return version_score(
                rows=[replace(row, year="") for row in asked.rows], recogniser=recogniser, progress=Silent(),
                answers=recogniser.answers(asked.sights()),
            )  # fmt: skip
        finally:
            recogniser.close()

    def compared(self, new: Artefact, old: Artefact, models: Sequence[str]) -> Paired:
        challenger, champion = self.scores(new), self.scores(old)
        return paired(challenger=challenger, champion=champion, needed=NOTHING_NEEDED, learned=len(models))

    def missed(self, one: Paired, new: Artefact, old: Artefact) -> list[str]:
        """Gates that are not passed, but for those of new labels and of this machine."""
        measured = Measurements(
            challenger=self.scores(new).metrics, champion=self.scores(old).metrics, paired=one,
            parity=Parity(100, 0, 0.0), latency=Latency(30, 50.0, 50.0),
        )  # fmt: skip
        return [gate.name for gate in gates_check(measured=measured, budget_ms=100) if not gate.passed]
