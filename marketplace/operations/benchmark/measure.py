"""How fast the recogniser is here: beside what people do today, beside what its stages allow, and as a worker."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from django.conf import settings
from django.utils.module_loading import import_string
from PIL import Image

from classifier.artefact import artefact_only, artefact_open
from classifier.attributes import AttributeClassifier
from classifier.classify import MakeModelClassifier
from classifier.detect import Detector, the_car
from classifier.engines import DeviceName, EngineName, engine_choose, engines_open
from classifier.engines.yolo import import_ultralytics
from classifier.preprocess import Decoded, decode, letterbox
from classifier.training.progress import Progress
from marketplace.operations.benchmark.worker import worker_measure
from marketplace.refusals import Refused

if TYPE_CHECKING:
    from classifier.recognise import Recogniser

WARM_UP_PHOTOS = 16
BASELINE_PHOTOS = 40
"""The old way is slow, and its speed does not depend on how many photos follow."""
GPU_BATCHES = 20
"""So many go through the pipeline on a GPU at least; the photos are repeated for that."""
ROUNDS = 3
"""Every figure is the median of so many measurements, after a warm-up that does not count."""
_CPU_FACTS = Path("/proc/cpuinfo")
T = TypeVar("T")


class PhotoUnreadableError(Refused):
    """A photo that cannot be read takes next to no time: no figure could be trusted."""


def benchmark(
    *,
    photos: Sequence[Path],
    classifier: Path,
    engine: EngineName,
    device: DeviceName,
    first_start: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Measure; see docs/operations.md for the keys. All rates in photos per second, files on disk.

    engine, device: as Recogniser.open takes them. first_start: also how long a worker's first start takes, which
    converts the networks. Raises Refused for an unreadable photo and for a worker that fails.
    """
    recogniser = _open(classifier, engine=engine, device=device)
    try:
        recognised = _recognised(recogniser, photos, progress)  # the warm-up of all that follows here
        runs_on = recogniser.engine
        on_gpu = runs_on.startswith("torch-") and runs_on != "torch-cpu"
        # A GPU's batches are large: of two of them, half the time would be the wait for the first one's decoding.
        least = GPU_BATCHES * recogniser.batch if on_gpu else 0
        stream = [*islice(cycle(photos), max(len(photos), least))]
        pipeline = _rate(lambda: list(recogniser.stream(stream)), len(stream), progress, "pipeline")
        alone = _one_photo(recogniser, photos, progress)
    finally:
        recogniser.close()
    stages = _stages(photos, classifier=classifier, engine=engine, device=device, progress=progress)
    # The networks follow one another. On a CPU decoding shares the cores with them, on a GPU it runs beside them.
    networks = sum(1 / stages[name] for name in ("detect", "usable", "classify"))
    limit = 1 / max(networks, 1 / stages["decode"]) if on_gpu else 1 / (networks + 1 / stages["decode"])
    # Before the old way, which leaves traces of its libraries in the environment that a worker inherits.
    worker = worker_measure(
        photos=photos,
        classifier=classifier,
        engine=engine,
        device=device,
        rounds=ROUNDS,
        first_start=first_start,
        progress=progress,
    )
    baseline = _baseline(photos[:BASELINE_PHOTOS], cuda=runs_on == "torch-cuda", progress=progress)
    return {
        "photos": len(photos),
        "recognised": recognised,
        "engine": runs_on,
        "machine": _machine(runs_on),
        "baseline_per_s": round(baseline, 2),
        "pipeline_per_s": round(pipeline, 2),
        "ratio": round(pipeline / baseline, 2),
        "stage_limit_per_s": round(limit, 2),
        "of_limit": round(pipeline / limit, 3),
        "stages": {name: round(rate, 1) for name, rate in stages.items()},
        "one_photo_ms": alone,
        **worker,
    }


def _open(classifier: Path, *, engine: EngineName, device: DeviceName) -> "Recogniser":
    kind: Any = import_string(settings.RECOGNISER)  # by name, as the worker does: tests put their own here
    recogniser: Recogniser = kind.open(
        classifier=classifier,
        weights=Path(settings.STARTER_WEIGHTS_DIR),
        engine=engine,
        device=device,
        cache_dir=Path(settings.ENGINE_CACHE_DIR),
    )
    return recogniser


def _recognised(recogniser: "Recogniser", photos: Sequence[Path], progress: Progress) -> int:
    """On how many photos a car was recognised: the others do not go through every stage, and are quicker."""
    said = progress.track(recogniser.stream(photos), total=len(photos), what="warm-up")
    recognised = 0
    for path, one in zip(photos, said, strict=True):
        if one.status == "unreadable":
            raise PhotoUnreadableError(f"{path}: {one.error}. Remove it: all photos must be readable.")
        recognised += one.status == "ok"
    return recognised


def _rate(once: Callable[[], object], count: int, progress: Progress, what: str) -> float:
    """Photos per second where `count` of them go through `once`; the caller has warmed it up."""
    seconds = []
    for _ in progress.track(range(ROUNDS), total=ROUNDS, what=what):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
    return count / statistics.median(seconds)


def _one_photo(recogniser: "Recogniser", photos: Sequence[Path], progress: Progress) -> dict[str, Any]:
    """Milliseconds from asking to the answer, for a photo that comes alone."""

    def alone(path: Path) -> float:
        start = time.perf_counter()
        recogniser.recognise([path])
        return (time.perf_counter() - start) * 1000

    _each(alone, photos[:WARM_UP_PHOTOS])  # another shape of the networks' input than in company
    rounds = [
        np.percentile([alone(path) for path in photos], (50, 95))
        for _ in progress.track(range(ROUNDS), total=ROUNDS, what="one photo alone")
    ]
    p50, p95 = np.median(rounds, axis=0)
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "photos": len(photos)}


def _baseline(photos: Sequence[Path], *, cuda: bool, progress: Progress) -> float:
    """One photo at a time: Pillow, YOLO11n at 640, the largest box, ResNet50 at 224, all in PyTorch.

    The weights are random, because speed does not depend on them: YOLO's boxes are few then, so the box is the whole
    photo, and suppression, which costs next to nothing, is done on fewer boxes than a trained one would give.
    """
    ultralytics = import_ultralytics()
    # Only here: nothing else of the site may load torch.
    import torch  # noqa: PLC0415
    from torchvision.models import resnet50  # noqa: PLC0415
    from torchvision.transforms import functional  # noqa: PLC0415

    device = "cuda" if cuda else "cpu"
    yolo = ultralytics.YOLO("yolo11n.yaml")
    network = resnet50(weights=None, num_classes=196).eval().to(device)
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

    def one(path: Path) -> None:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        found = yolo.predict(image, imgsz=640, verbose=False, device=device)[0]
        boxes = found.boxes.xyxy.tolist()
        largest = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), default=None)
        crop = image.crop(tuple(round(value) for value in largest)) if largest else image
        pixels = functional.normalize(functional.to_tensor(crop.resize((224, 224))), mean, std)
        with torch.inference_mode():
            network(pixels[None].to(device)).softmax(1).max().item()

    _each(one, photos[:3])
    return _rate(lambda: _each(one, photos), len(photos), progress, "one at a time, as today")


def _stages(
    photos: Sequence[Path], *, classifier: Path, engine: EngineName, device: DeviceName, progress: Progress
) -> dict[str, float]:
    """Each stage alone, in batches: photos per second."""
    weights, cache = Path(settings.STARTER_WEIGHTS_DIR), Path(settings.ENGINE_CACHE_DIR)
    chosen, place = engine_choose(engine, device)
    artefacts = [artefact_only(weights / "detector"), artefact_only(weights / "usable"), artefact_open(classifier)]
    engines = engines_open(artefacts, engine=chosen, device=place, cache_dir=cache)
    detector = Detector(engines[0], artefacts[0].spec)
    attributes = AttributeClassifier(engines[1], artefacts[1].spec)
    namer = MakeModelClassifier(engines[2], artefacts[2].spec)
    least = max(detector.input_size, attributes.input_size)
    batch = engines[2].batch  # the recogniser's
    sample = list(photos[: batch * 4])
    batches = [slice(at, at + batch) for at in range(0, len(sample), batch)]

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:

        def decode_all() -> list[Decoded]:
            return list(pool.map(lambda path: decode(path, min_side=least), sample))

        decoded = decode_all()
        rate = {"decode": _rate(decode_all, len(sample), progress, "decode")}
    boxed = [letterbox(one.image, detector.input_size, one.full_size) for one in decoded]
    whole = [attributes.prepare(one.image) for one in decoded]
    sizes = [one.full_size for one in decoded]
    cars = [the_car(found) for at in batches for found in detector.detect(boxed[at], sizes[at])]
    crops = [namer.prepare(one, car.box if car else None) for one, car in zip(decoded, cars, strict=True)]
    stages: dict[str, Callable[[slice], object]] = {
        "detect": lambda at: detector.detect(boxed[at], sizes[at]),
        "usable": lambda at: attributes.kinds(whole[at]),
        "classify": lambda at: namer.log_probs(crops[at]),
    }
    for name, infer in stages.items():
        once = partial(_each, infer, batches)
        once()
        rate[name] = _rate(once, len(sample), progress, name)
    return rate


def _each(do: Callable[[T], object], items: Sequence[T]) -> None:
    for item in items:
        do(item)


def _machine(runs_on: str) -> dict[str, Any]:
    """What the figures were measured on."""
    # os.cpu_count names the whole machine's, also where this process may use a part of them only.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    machine: dict[str, Any] = {"cores": cores, "processor": _processor()}
    if runs_on == "torch-cuda":
        import torch  # noqa: PLC0415  loaded already, by the engine

        machine["gpu"] = torch.cuda.get_device_name()
    return machine


def _processor() -> str:
    if _CPU_FACTS.is_file():
        for line in _CPU_FACTS.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
