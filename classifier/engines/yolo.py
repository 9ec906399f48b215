"""YOLO networks as torch modules. The only module that imports ultralytics."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    import torch

COCO_CLASSES = 80


def import_ultralytics() -> Any:
    """Import ultralytics without telemetry, downloads, installs or files in the home folder.

    Its import changes two things for the whole process, which are undone: it sets OMP_NUM_THREADS=1
    if that is unset, and replaces PIL.Image.open by one that tries to install a package when a file
    is no image.
    """
    import torch  # noqa: F401, PLC0415  first, and only here: serving with OpenVINO must stay free of torch

    had_threads = "OMP_NUM_THREADS" in os.environ
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")
    if "YOLO_CONFIG_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="forecourt-ultralytics-")
        os.environ["YOLO_CONFIG_DIR"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    pillow_open = Image.open
    import ultralytics  # noqa: PLC0415

    Image.open = pillow_open
    if not had_threads:
        os.environ.pop("OMP_NUM_THREADS", None)
    ultralytics.settings.update({"sync": False})
    return ultralytics


def detection_network(backbone: str, *, labels: int) -> torch.nn.Module:
    """A YOLO network by its yaml's name ("yolo11n.yaml"), untrained.

    The class branch is as wide as for COCO's 80 classes whatever the number of labels, so that
    COCO's weights fit everywhere but in the last layer.
    """
    import_ultralytics()
    import torch  # noqa: PLC0415  serving with OpenVINO must stay free of torch
    from ultralytics.nn.tasks import DetectionModel  # noqa: PLC0415  see import_ultralytics

    network: Any = DetectionModel(backbone, nc=COCO_CLASSES, verbose=False)
    head = network.model[-1]
    for branch in head.cv3:
        branch[-1] = torch.nn.Conv2d(branch[-1].in_channels, labels, 1)
    head.nc, head.no = labels, labels + 4 * head.reg_max
    network.nc, network.names = labels, {i: str(i) for i in range(labels)}
    return network  # type: ignore[no-any-return]  # ultralytics is untyped


def detection_network_serving(network: torch.nn.Module) -> torch.nn.Module:
    """Make it return one tensor, as networks.build describes, instead of a tuple with raw maps."""
    head: Any = network.model[-1]  # type: ignore[index]
    head.export = True
    head.xyxy = True
    return network
