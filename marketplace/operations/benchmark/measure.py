"""How fast the recogniser is: next to the usual way, next to its stages alone, and in a worker."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from django.conf import settings
from PIL import Image

from classifier.artefact import artefact_only, artefact_open
from classifier.attributes import AttributeClassifier
from classifier.classify import MakeModelClassifier
from classifier.colour import ColourClassifier
from classifier.detect import Detector, the_car
from classifier.engines import engine_choose, engines_open
from classifier.engines.yolo import import_ultralytics
from classifier.preprocess import Decoded, decode, letterbox
from classifier.training.progress import Progress
from marketplace.operations.benchmark.request import BenchmarkRequest
from marketplace.operations.benchmark.worker import worker_measure
from marketplace.refusals import Refused
from marketplace.training.recogniser import recogniser_open

if TYPE_CHECKING:
    from classifier.recognise import Recogniser

WARM_UP_PHOTOS = 16
BASELINE_PHOTOS = 40
"""The usual way is slow, and as fast per photo with few photos as with many."""
GPU_BATCHES = 20
"""On a GPU at least this many batches are measured; the photos are repeated if needed."""
ROUNDS = 3
"""Each figure is the median of this many measurements, after a warm-up."""
_CPU_FACTS = Path("/proc/cpuinfo")
T = TypeVar("T")


class PhotoUnreadableError(Refused):
    """A photo cannot be read; it would take next to no time and make every figure too good."""


def benchmark(*, request: BenchmarkRequest, progress: Progress) -> dict[str, Any]:
    """Measure; docs/operations.md describes the keys. Rates are in photos per second, from files.

    Raises PhotoUnreadableError, WorkerFailedError, ArtefactError or EngineError.
    """
    found = _pipeline(request, progress)
    stages = _stages(request, progress)
    limit = _stage_limit(stages, on_gpu=_on_gpu(found["engine"]))
    # Before the usual way, whose libraries leave traces in the environment that a worker inherits.
    worker = worker_measure(request=request, rounds=ROUNDS, progress=progress)
    baseline = _baseline(request.photos[:BASELINE_PHOTOS], cuda=found["engine"] == "torch-cuda", progress=progress)
    pipeline = found["per_s"]
    return {
        "photos": len(request.photos),
        "recognised": found["recognised"],
        "engine": found["engine"],
        "machine": _machine(found["engine"]),
        "baseline_per_s": round(baseline, 2),
        "pipeline_per_s": round(pipeline, 2),
        "ratio": round(pipeline / baseline, 2),
        "stage_limit_per_s": round(limit, 2),
        "of_limit": round(pipeline / limit, 3),
        "stages": {name: round(rate, 1) for name, rate in stages.items()},
        "one_photo_ms": found["one_photo_ms"],
        **worker,
    }


def _pipeline(request: BenchmarkRequest, progress: Progress) -> dict[str, Any]:
    """The recogniser as a whole: its rate with many photos, and its time with one."""
    photos = request.photos
    recogniser = recogniser_open(folder=request.classifier, engine=request.engine, device=request.device)
    try:
        recognised = _recognised(recogniser, photos, progress)  # also warms up all that follows here
        # A GPU's batches are large: with only two of them, half the time would be spent waiting for
        # the first one to be decoded.
        least = GPU_BATCHES * recogniser.batch if _on_gpu(recogniser.engine) else 0
        stream = [*islice(cycle(photos), max(len(photos), least))]
        rate = _rate(lambda: list(recogniser.stream(stream)), len(stream), progress, "pipeline")
        alone = _one_photo(recogniser, photos, progress)
    finally:
        recogniser.close()
    return {"engine": recogniser.engine, "recognised": recognised, "per_s": rate, "one_photo_ms": alone}


def _on_gpu(engine: str) -> bool:
    return engine.startswith("torch-") and engine != "torch-cpu"


def _stage_limit(stages: Mapping[str, float], *, on_gpu: bool) -> float:
    """The rate that the stages allow together.

    The networks run one after the other. On a CPU decoding shares the cores with them; on a GPU it
    runs beside them.
    """
    networks = sum(1 / rate for name, rate in stages.items() if name != "decode")
    decode = 1 / stages["decode"]
    return 1 / max(networks, decode) if on_gpu else 1 / (networks + decode)


def _recognised(recogniser: "Recogniser", photos: Sequence[Path], progress: Progress) -> int:
    """The number of photos with a car; the others skip stages and take less time.

    Raises PhotoUnreadableError.
    """
    answers = progress.track(recogniser.stream(photos), total=len(photos), what="warm-up")
    recognised = 0
    for path, one in zip(photos, answers, strict=True):
        if one.status == "unreadable":
            raise PhotoUnreadableError(f"{path}: {one.error}. Remove it: all photos must be readable.")
        recognised += one.status == "ok"
    return recognised


def _rate(once: Callable[[], object], count: int, progress: Progress, what: str) -> float:
    """Photos per second if `once` takes `count` photos. The caller has warmed it up."""
    seconds = []
    for _ in progress.track(range(ROUNDS), total=ROUNDS, what=what):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
    return count / statistics.median(seconds)


def _one_photo(recogniser: "Recogniser", photos: Sequence[Path], progress: Progress) -> dict[str, Any]:
    """Milliseconds from request to answer for photos that come one at a time."""

    def alone(path: Path) -> float:
        start = time.perf_counter()
        recogniser.recognise([path])
        return (time.perf_counter() - start) * 1000

    _each(alone, photos[:WARM_UP_PHOTOS])  # single photos give the networks an input of another shape
    rounds = [
        np.percentile([alone(path) for path in photos], (50, 95))
        for _ in progress.track(range(ROUNDS), total=ROUNDS, what="one photo alone")
    ]
    p50, p95 = np.median(rounds, axis=0)
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "photos": len(photos)}


def _baseline(photos: Sequence[Path], *, cuda: bool, progress: Progress) -> float:
    """The usual way, one photo at a time: Pillow, YOLO11n at 640 and ResNet50 at 224 in PyTorch.

    The weights are random, because they make no difference to speed. YOLO finds few boxes then, so
    the crop is the whole photo; the suppression of overlapping boxes, which costs next to nothing,
    has fewer of them to look at.
    """
    ultralytics = import_ultralytics()
    # Imported here: no other part of the site may load torch.
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


def _stages(request: BenchmarkRequest, progress: Progress) -> dict[str, float]:
    """Photos per second of each stage alone, in batches."""
    weights, cache = Path(settings.STARTER_WEIGHTS_DIR), Path(settings.ENGINE_CACHE_DIR)
    chosen, place = engine_choose(request.engine, request.device)
    artefacts = [
        artefact_only(weights / "detector"),
        artefact_only(weights / "usable"),
        artefact_open(request.classifier),
    ]
    if (weights / "colour").is_dir():  # as in the recogniser
        artefacts.append(artefact_only(weights / "colour"))
    engines = engines_open(artefacts, engine=chosen, device=place, cache_dir=cache)
    detector = Detector(engines[0], artefacts[0].spec)
    attributes = AttributeClassifier(engines[1], artefacts[1].spec)
    namer = MakeModelClassifier(engines[2], artefacts[2].spec)
    least = max(detector.input_size, attributes.input_size)
    batch = engines[2].batch  # as in the recogniser
    sample = list(request.photos[: batch * 4])
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
    if len(engines) > len(stages):
        painter = ColourClassifier(engines[3], artefacts[3])
        looks = [painter.prepare(one, car.box) for one, car in zip(decoded, cars, strict=True) if car]
        stages["colour"] = lambda at: painter.colours(looks[at])
    for name, infer in stages.items():
        once = partial(_each, infer, batches)
        once()
        rate[name] = _rate(once, len(sample), progress, name)
    return rate


def _each(do: Callable[[T], object], items: Sequence[T]) -> None:
    for item in items:
        do(item)


def _machine(runs_on: str) -> dict[str, Any]:
    """The hardware that was measured."""
    # os.cpu_count counts the whole machine's cores, even if this process may use only some.
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
