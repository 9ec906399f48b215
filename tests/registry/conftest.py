"""Real artefacts of a tiny network, written in milliseconds."""

from collections.abc import Callable
from typing import Any

import pytest

CLASSES = (("Skoda", "Octavia", "2012"), ("Skoda", "Fabia", ""), ("Volvo", "V70", ""))


@pytest.fixture
def artefact(settings: Any, tmp_path: Any) -> Callable[..., Any]:
    """`artefact("b")`: a written classifier artefact; another name gives another version."""
    import torch

    from classifier.artefact import ArtefactSpec, Preprocessing, Thresholds, TrainedClass, artefact_write

    settings.ARTEFACTS_DIR = tmp_path / "artefacts"

    def make(name: str, **fields: Any) -> Any:
        spec = ArtefactSpec(
            **{
                "task": "classifier",
                "backbone": "none",
                "preprocessing": Preprocessing(input_size=32),
                "classes": tuple(TrainedClass(*names) for names in CLASSES),
                "thresholds": Thresholds(model=0.9, make=0.8),
                "metrics": {"test": {"top1": 0.75}},
                **fields,
            }
        )
        return artefact_write(
            parent=settings.ARTEFACTS_DIR, name=name, spec=spec, state_dict={"head": torch.zeros(1)}
        )  # fmt: skip

    return make


@pytest.fixture
def registered(artefact: Callable[..., Any], db: None) -> Callable[[str], str]:
    """`registered("b")`: the name of a registered version."""
    from marketplace.registry.services import version_register

    return lambda name: version_register(folder=artefact(name).folder).version
