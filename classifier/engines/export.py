"""`python -m classifier.engines.export FOLDER OUT …`: write each artefact as OpenVINO IR.

Each FOLDER is an artefact, the OUT behind it the folder for its IR. Runs as a child of a serving
process: it is the only step of serving on a CPU that needs torch. Several artefacts in one call
share the six CPU-seconds that loading the libraries takes. Exits with 2 and one line on stderr if
one of them cannot be converted or written.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from pathlib import Path


def _end_with_parent() -> None:
    """Standard input is a pipe that the parent holds open: it ends however the parent ends."""
    os.read(0, 1)
    os._exit(1)


# Before the imports, which take seconds, or a minute on a busy machine.
if __name__ == "__main__" and stat.S_ISFIFO(os.fstat(0).st_mode):
    threading.Thread(target=_end_with_parent, daemon=True).start()

import torch  # noqa: E402
from torch import nn  # noqa: E402

from classifier.artefact import ArtefactError, artefact_open  # noqa: E402
from classifier.engines.networks import build  # noqa: E402
from classifier.engines.openvino_library import openvino  # noqa: E402


def export(folder: Path, out: Path) -> None:
    """Convert one artefact; batch size stays open. Raises ArtefactError or OSError."""
    artefact = artefact_open(folder)
    network_export(build(artefact), side=artefact.spec.preprocessing.input_size, out=out)


def network_export(network: nn.Module, *, side: int, out: Path) -> None:
    """Convert a network in eval mode for square inputs of `side` pixels; batch size stays open.

    Raises OSError.
    """
    example = torch.zeros(1, 3, side, side)
    with torch.inference_mode():
        network(example)  # a detector makes its anchors on the first call; the trace needs them as constants
        # Traced here, because OpenVINO would have torch trace twice to check the result, which
        # doubles the work. Tests compare the result with torch.
        traced = torch.jit.trace(network, example, strict=False, check_trace=False)  # type: ignore[no-untyped-call]
    model = openvino.convert_model(traced, example_input=example, input=[-1, 3, side, side])
    out.mkdir(parents=True)
    # Not compressed to fp16: constants folded from fp16 weights are float32 and would lose
    # precision.
    try:
        openvino.save_model(model, out / "model.xml", compress_to_fp16=False)
    except RuntimeError as error:  # "iostream error" is all that OpenVINO says of a full disk
        raise OSError(errno.EIO, "the converted network cannot be written, the disk may be full", str(out)) from error


def main(arguments: list[str]) -> int:
    """The command line."""
    if not arguments or len(arguments) % 2:
        sys.stderr.write("usage: python -m classifier.engines.export FOLDER OUT [FOLDER OUT …]\n")
        return 2
    try:
        for folder, out in zip(arguments[::2], arguments[1::2], strict=True):
            export(Path(folder), Path(out))
    except ArtefactError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}: {error.filename or out}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
