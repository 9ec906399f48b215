"""How many photos per second: what people do today, this pipeline, and what its stages would allow."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from PIL import Image

from classifier.artefact import artefact_only, artefact_open
from classifier.classify import MakeModelClassifier
from classifier.detect import Detector, import_ultralytics, the_car
from classifier.engines import DeviceName, EngineName, engine_choose, engines_open
from classifier.preprocess import Decoded, decode, letterbox
from classifier.training.progress import Progress
from classifier.usable import UsableJudge
from marketplace.training.eye import recogniser_open

BATCH = 16
BASELINE_PHOTOS = 40
"""The old way is slow, and its speed does not depend on how many photos follow."""


def benchmark(*, photos: Sequence[Path], classifier: Path, progress: Progress) -> dict[str, Any]:
    """Measure; see DESIGN's contract of ``benchmark`` for the keys. All rates in photos per second, files on disk."""
    stages, engine = _stages(photos, classifier=classifier, progress=progress)
    # On a CPU the stages share the cores: their times add up. On a GPU decoding runs beside it: the slowest counts.
    rates = [stages[name] for name in ("decode", "detect", "usable", "classify") if stages[name]]
    limit = min(rates) if engine.startswith("torch-") and engine != "torch-cpu" else 1 / sum(1 / rate for rate in rates)
    pipeline = _pipeline(photos, classifier=classifier, progress=progress)
    baseline = _baseline(photos[:BASELINE_PHOTOS], progress=progress)
    return {
        "photos": len(photos),
        "engine": engine,
        "baseline_per_s": round(baseline, 2),
        "pipeline_per_s": round(pipeline, 2),
        "ratio": round(pipeline / baseline, 2),
        "stage_limit_per_s": round(limit, 2),
        "of_limit": round(pipeline / limit, 3),
        "stages": {name: round(rate, 1) for name, rate in stages.items()},
    }


def _pipeline(photos: Sequence[Path], *, classifier: Path, progress: Progress) -> float:
    recogniser = recogniser_open(folder=classifier)
    try:
        list(recogniser.stream(photos[:BATCH]))  # what is made on first use is not part of the speed
        start = time.perf_counter()
        list(progress.track(recogniser.stream(photos), total=len(photos), what="pipeline"))
        return len(photos) / (time.perf_counter() - start)
    finally:
        recogniser.close()


def _baseline(photos: Sequence[Path], *, progress: Progress) -> float:
    """One photo at a time: Pillow, YOLO11n at 640, the largest box, ResNet50 at 224, all in PyTorch.

    The weights are random, because speed does not depend on them: YOLO's boxes are few then, so the box is the whole
    photo, and suppression, which costs next to nothing, is done on fewer boxes than a trained one would give.
    """
    ultralytics = import_ultralytics()
    # Only here: nothing else of the site may load torch.
    import torch  # noqa: PLC0415
    from torchvision.models import resnet50  # noqa: PLC0415
    from torchvision.transforms import functional  # noqa: PLC0415

    device = "cuda" if settings.RECOGNISER_DEVICE in {"auto", "cuda"} and torch.cuda.is_available() else "cpu"
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

    for path in photos[:3]:
        one(path)
    start = time.perf_counter()
    for path in progress.track(photos, total=len(photos), what="one at a time"):
        one(path)
    return len(photos) / (time.perf_counter() - start)


def _stages(photos: Sequence[Path], *, classifier: Path, progress: Progress) -> tuple[dict[str, float], str]:
    """Each stage alone, in batches: photos per second."""
    weights, cache = Path(settings.STARTER_WEIGHTS_DIR), Path(settings.ENGINE_CACHE_DIR)
    chosen, place = engine_choose(
        cast(EngineName, settings.RECOGNISER_ENGINE), cast(DeviceName, settings.RECOGNISER_DEVICE)
    )
    artefacts = [artefact_only(weights / "detector"), artefact_only(weights / "usable"), artefact_open(classifier)]
    engines = engines_open(artefacts, engine=chosen, device=place, cache_dir=cache)
    detector = Detector(engines[0], artefacts[0].spec)
    judge = UsableJudge(engines[1], artefacts[1].spec)
    namer = MakeModelClassifier(engines[2], artefacts[2].spec)
    least = max(detector.input_size, judge.input_size)
    sample = list(photos[: BATCH * 4])

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        start = time.perf_counter()
        decoded: list[Decoded] = list(pool.map(lambda path: decode(path, min_side=least), sample))
        rate = {"decode": len(sample) / (time.perf_counter() - start)}
    boxed = [letterbox(one.image, detector.input_size, one.full_size) for one in decoded]
    whole = [judge.prepare(one.image) for one in decoded]
    cars = [the_car(found) for found in detector.detect(boxed, [one.full_size for one in decoded])]
    crops = [namer.prepare(one, car.box if car else None) for one, car in zip(decoded, cars, strict=True)]
    sizes = [one.full_size for one in decoded]
    rate["detect"] = _rate(lambda at: detector.detect(boxed[at], sizes[at]), len(sample), progress, "detect")
    rate["usable"] = _rate(lambda at: judge.kinds(whole[at]), len(sample), progress, "usable")
    rate["classify"] = _rate(lambda at: namer.log_probs(crops[at]), len(sample), progress, "classify")
    return rate, engines[2].name


def _rate(infer: Callable[[slice], object], total: int, progress: Progress, what: str) -> float:
    starts = range(0, total, BATCH)
    infer(slice(0, BATCH))
    start = time.perf_counter()
    for at in progress.track(starts, total=len(starts), what=what):
        infer(slice(at, at + BATCH))
    return total / (time.perf_counter() - start)
