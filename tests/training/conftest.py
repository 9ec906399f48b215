"""Cars of four colours, and a training that takes no time."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from classifier.training.data.cleaning.photo_facts import LazyAttributeClassifier
from marketplace.training.promotion.fitness import Parity
from tests.moderation.conftest import cars, waiting  # noqa: F401  # fixtures
from tests.registry.conftest import artefact  # noqa: F401  # fixtures
from tests.training.fakes import COLOURS, MAKES, ColourAttributes, photo_write


@pytest.fixture(autouse=True)
def site(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The artefacts of these tests have no network that an engine could run.
    monkeypatch.setattr("marketplace.training.runs.compare.parity_measure", lambda **_: Parity(20, 0, 0.001))
    settings.RECOGNISER = settings.EVALUATION_RECOGNISER = "tests.training.fakes.ColourRecogniser"
    settings.VAR_DIR = tmp_path
    settings.RUNS_DIR = tmp_path / "runs"
    settings.ARTEFACTS_DIR = tmp_path / "artefacts"
    settings.STARTER_WEIGHTS_DIR = tmp_path / "weights"
    monkeypatch.setattr(
        "marketplace.training.runs.rows.attribute_classifier",
        lambda: LazyAttributeClassifier("fake", open=ColourAttributes),
    )
    return tmp_path


@pytest.fixture
def classes() -> Callable[..., tuple]:
    from classifier.artefact import TrainedClass

    return lambda *names: tuple(TrainedClass(*(COLOURS | MAKES)[name]) for name in names)


@pytest.fixture
def champion(artefact: Any, classes: Any, db: None) -> Any:  # noqa: F811
    """The version that serves; it knows three of the four cars."""
    from marketplace.registry.services import version_promote, version_register

    folder = artefact("champion", classes=classes("red", "lime", "blue")).folder
    return version_promote(version=version_register(folder=folder).version, by=None, reason="test")


@pytest.fixture
def manifest(tmp_path: Path) -> Callable[..., Path]:
    """`manifest("red", "blue", cars=40)`: 40 cars of these colours in turn, one photo each.

    Half of the cars of each colour are test cars.
    """

    def make(*colours: str, cars: int = 40, name: str = "lot") -> Path:  # noqa: F811
        path = tmp_path / name / "manifest.csv"
        rows = []
        for number in range(cars):
            colour = colours[number % len(colours)]
            photo_write(path.parent / f"{number}.jpg", colour, mark=number)
            side = "test" if number // len(colours) % 2 else "train"
            rows.append([f"{number}.jpg", *COLOURS[colour], f"car-{number}", "exterior", side])
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["file", "make", "model", "vehicle", "kind", "split"], *rows])
        return path

    return make


@dataclass
class Result:
    artefact: Any
    metrics: dict
    report: Path
    checkpoint: Path


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, artefact: Any, classes: Any) -> Callable[..., list]:  # noqa: F811
    """`trained("red", "gray")`: from now on training gives a model that knows these cars.

    Returns the calls of the training, a list that grows.
    """

    def make(*colours: str, fails: BaseException | None = None) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []

        def train(**given: Any) -> Result:
            calls.append(given)
            if fails is not None:
                raise fails
            from django.conf import settings

            report = Path(settings.RUNS_DIR) / "work" / "report.html"
            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text("<p>report</p>")
            checkpoint = report.with_name("checkpoint.pt")
            checkpoint.touch()
            made = artefact("challenger", classes=classes(*colours))
            return Result(made, {"history": [{"epoch": 1.0, "loss": 0.5}]}, report, checkpoint)

        monkeypatch.setattr("marketplace.training.runs.services._train", train)
        return calls

    return make
