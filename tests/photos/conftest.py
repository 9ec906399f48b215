"""Uploads, a listing to put them into, and versions that serve without a network behind them."""

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.pictures import car_like, encode
from tests.registry.conftest import artefact  # noqa: F401  # fixture


@pytest.fixture
def picture() -> Callable[..., Image.Image]:
    return car_like


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    """``encoded("PNG", width=…, height=…, **options for Pillow)``: one upload's bytes."""

    def make(kind: str = "JPEG", width: int = 640, height: int = 480, mode: str = "RGB", **options: Any) -> bytes:
        return encode(car_like(width, height).convert(mode), kind, **options)

    return make


@pytest.fixture
def listing(alice: Any) -> Any:
    from marketplace.listings.services import listing_create

    return listing_create(seller=alice)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tasks that were rung for; no broker is asked."""
    rung: list[str] = []
    monkeypatch.setattr("marketplace.doorbell.app.send_task", lambda name, **_: rung.append(name))
    return rung


@pytest.fixture
def serve(artefact: Callable[..., Any], db: None) -> Callable[..., Any]:  # noqa: F811
    """``serve("second")``: a registered artefact that knows three cars, from 90 % on by itself; now
    it serves."""
    from classifier.artefact import Thresholds
    from marketplace.registry.services import version_promote, version_register

    def make(name: str, **fields: Any) -> Any:
        folder = artefact(name, thresholds=Thresholds(model=0.9, make=0.9), **fields).folder
        return version_promote(version=version_register(folder=folder).version, by=None, reason="test")

    return make


@pytest.fixture
def champion(serve: Callable[..., Any]) -> Any:
    return serve("first")


@pytest.fixture
def challenger(champion: Any, serve: Callable[..., Any]) -> Callable[[], Any]:
    """Call it, and another version serves."""
    return lambda: serve("second")


@pytest.fixture
def said() -> Callable[..., Any]:
    """``said(0.98, 0.01, 0.01, view=…, bodies=…)``: a recognition with these probabilities of the
    three cars."""
    import numpy as np

    from classifier.fuse import Candidate, Guess
    from classifier.recognition import Recognition

    def make(*probabilities: float, status: str = "ok", **more: Any) -> Recognition:
        usable = status == "ok"
        return Recognition(
            status=status,
            kind="exterior" if usable else "",
            box=(1, 2, 30, 40) if usable else None,
            image_size=(64, 48),
            make=Guess(name="Skoda", confidence=0.9) if usable else None,
            candidates=(Candidate(make="Skoda", model="Octavia", years="2012", confidence=0.9),) if usable else (),
            log_probs=np.log(np.array(probabilities, dtype=np.float32)) if usable else None,
            timings_ms={"decode": 1.5},
            **more,
        )

    return make
