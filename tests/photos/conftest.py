"""Pictures made here, so that these tests need no photo from elsewhere."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw


def car_like(width: int = 640, height: int = 480) -> Image.Image:
    """Dark at the top left, bright at the bottom right, with edges: one can tell which way is up."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width // 4, height // 4), fill="blue")
    draw.ellipse((width // 2, height // 2, width * 3 // 4, height * 3 // 4), fill="red")
    return picture


def encode(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def picture() -> Callable[..., Image.Image]:
    return car_like


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    """``encoded("PNG", width=…, height=…, **options for Pillow)``: one upload's bytes."""

    def make(kind: str = "JPEG", width: int = 640, height: int = 480, mode: str = "RGB", **options: Any) -> bytes:
        return encode(car_like(width, height).convert(mode), kind, **options)

    return make


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> Any:
    """Files of each test go to a folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def alice(db: None) -> Any:
    from marketplace.accounts.models import User

    return User.objects.create_user(email="alice@example.org", password="alice's own words")


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


CLASSES = (("Skoda", "Octavia", "2012"), ("Skoda", "Fabia", ""), ("Volvo", "V70", ""))


@pytest.fixture
def champion(db: None, settings: Any, tmp_path: Any) -> Any:
    return make_champion(settings, tmp_path, name="first")


@pytest.fixture
def challenger(champion: Any, settings: Any, tmp_path: Any) -> Callable[[], Any]:
    """Call it, and another version serves."""
    return lambda: make_champion(settings, tmp_path, name="second")


def make_champion(settings: Any, tmp_path: Any, *, name: str, classes: Any = CLASSES) -> Any:
    """A registered, serving artefact that knows three cars, from 90 % on by itself."""
    import torch

    from classifier.artefact import ArtefactSpec, Preprocessing, Thresholds, TrainedClass, artefact_write
    from marketplace.registry.services import version_promote, version_register

    settings.ARTEFACTS_DIR = tmp_path / "artefacts"
    spec = ArtefactSpec(
        task="classifier",
        backbone="none",
        preprocessing=Preprocessing(input_size=32),
        classes=tuple(TrainedClass(*names) for names in classes),
        thresholds=Thresholds(model=0.9, make=0.9),
        code_version=name,
    )
    artefact = artefact_write(parent=settings.ARTEFACTS_DIR, name=name, spec=spec, state_dict={"head": torch.zeros(1)})
    version = version_register(folder=artefact.folder).version
    return version_promote(version=version, by=None, reason="test")


@pytest.fixture
def said() -> Callable[..., Any]:
    """``said(0.98, 0.01, 0.01, view=…, bodies=…)``: a recognition with these probabilities of the three cars."""
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
