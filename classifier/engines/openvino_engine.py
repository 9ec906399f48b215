"""The OpenVINO engine: serves on CPUs, several times faster than torch and without loading it.

A network in OpenVINO's own format (IR) is made once per artefact and OpenVINO version and cached as
`cache_dir/<artefact version>-ov<openvino version>/`. Making it needs torch, so one child process
makes all that are missing, unless this process has loaded torch anyway.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from classifier.artefact import Artefact, ArtefactError
from classifier.engines import EngineError
from classifier.engines.ir_seal import IR_FILES, ir_is_whole, ir_seal
from classifier.engines.openvino_library import openvino
from classifier.preprocess import FloatArray

EXPORT_SECONDS = 300  # for each network, on a machine that is busy with something else
CHUNK = 4  # photos at once: more is no faster on a CPU (measured: 1 → 78/s, 8 → 82/s), but takes memory for each
_CORE_LOCK = threading.Lock()
_REPOSITORY = Path(__file__).resolve().parents[2]


@cache
def _core() -> openvino.Core:
    """OpenVINO's one core of this process, which is never released.

    Its CPU plugin gives the thread that first uses it another stack for signal handlers, and frees
    it when the core ends. If several cores end in another order than they began, the thread is
    left with a freed stack, and the next signal with a handler (a child's end, SIGTERM) kills the
    process.
    """
    return openvino.Core()


class OpenVinoEngine:
    """Runs a network with OpenVINO on the CPU."""

    name = "openvino"
    batch = 16

    def __init__(self, ir: Path) -> None:
        """ir: a checked IR folder; it may be deleted afterwards."""
        # Weights as bytes, not by path: OpenVINO would map the file, which a later rebuild
        # replaces.
        with _CORE_LOCK:  # two threads that open their first engines must not make two cores
            core = _core()
        model = core.read_model((ir / IR_FILES[0]).read_bytes(), (ir / IR_FILES[1]).read_bytes())
        # float32: what parity with torch was measured with, and the fastest on CPUs without AMX.
        compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()  # one request: the cores are the limit, not the number of callers

    @classmethod
    def open(cls, artefact: Artefact, *, cache_dir: Path | None) -> OpenVinoEngine:
        """Load from the cache, filling it first if needed. Raises EngineError."""
        return cls.open_all([artefact], cache_dir=cache_dir)[0]

    @classmethod
    def open_all(cls, artefacts: Sequence[Artefact], *, cache_dir: Path | None) -> list[OpenVinoEngine]:
        """As open, for several. Raises EngineError."""
        if cache_dir is not None:
            return cls._load(artefacts, irs_cached(artefacts, cache_dir))
        with tempfile.TemporaryDirectory(prefix="forecourt-ir-") as folder:
            outs = [Path(folder) / str(number) for number in range(len(artefacts))]
            _export(list(zip(artefacts, outs, strict=True)))
            return cls._load(artefacts, outs)

    @classmethod
    def _load(cls, artefacts: Sequence[Artefact], irs: Sequence[Path]) -> list[OpenVinoEngine]:
        engines = []
        for artefact, ir in zip(artefacts, irs, strict=True):
            try:
                engines.append(cls(ir))
            except RuntimeError as error:  # what OpenVINO raises for all its troubles
                why = " ".join(str(error).split())[:300]
                raise EngineError(f"OpenVINO cannot load {artefact.version}: {why}") from error
        return engines

    def infer(self, batch: FloatArray, *, mirrored: bool = False) -> FloatArray:
        """See Engine.infer."""
        with self._lock:
            parts = [self._run(batch[start : start + CHUNK], mirrored) for start in range(0, len(batch), CHUNK)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _run(self, batch: FloatArray, mirrored: bool) -> FloatArray:
        # A copy, because the request uses its own memory again.
        said = np.array(self._request.infer([batch], share_inputs=True)[0], dtype=np.float32)
        if mirrored:
            turned = np.ascontiguousarray(batch[..., ::-1])
            said += self._request.infer([turned], share_inputs=True)[0]
            said /= 2
        return said


def irs_cached(artefacts: Sequence[Artefact], cache_dir: Path, *, here: bool = False) -> list[Path]:
    """The artefacts' IR folders in the cache; made if missing, made again if damaged.

    here: convert in this process, which has loaded torch anyway. Raises EngineError.
    """
    folders = _folders(artefacts, cache_dir)
    missing = {folder: artefact for folder, artefact in zip(folders, artefacts, strict=True) if not ir_is_whole(folder)}
    if missing:
        try:
            cache_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".ir-", dir=cache_dir) as beside:
                wanted = [(artefact, Path(beside) / folder.name) for folder, artefact in missing.items()]
                (_export_here if here else _export)(wanted)
                for folder in missing:
                    made = Path(beside) / folder.name
                    ir_seal(made)
                    _put_in_place(made, folder, aside=made.with_name(f"damaged-{folder.name}"))
        except OSError as error:
            raise EngineError(f"cannot write the model cache {cache_dir}: {error.strerror}") from error
    return folders


def irs_missing(artefacts: Sequence[Artefact], cache_dir: Path) -> int:
    """How many of the artefacts' networks the cache lacks, or holds damaged."""
    return sum(not ir_is_whole(folder) for folder in _folders(artefacts, cache_dir))


def _folders(artefacts: Sequence[Artefact], cache_dir: Path) -> list[Path]:
    runtime = openvino.__version__.split("-")[0]
    return [cache_dir / f"{artefact.version}-ov{runtime}" for artefact in artefacts]


def _put_in_place(made: Path, folder: Path, *, aside: Path) -> None:
    """Rename `made` to `folder`, moving a damaged one to `aside`, which is deleted with its parent.

    Two processes may do this at once with the same content. A rename onto a filled folder fails, so
    the second one finds the other's folder in place, checks it, and uses that.
    """
    for attempt in range(5):
        try:
            made.rename(folder)
        except OSError:
            if ir_is_whole(folder):
                return
            if attempt == 4:
                raise
            with contextlib.suppress(FileNotFoundError):  # the other process has just moved it aside itself
                folder.rename(aside.with_name(f"{aside.name}-{attempt}"))
        else:
            return


def _export(wanted: Sequence[tuple[Artefact, Path]]) -> None:
    """Convert each artefact into its folder, in one child process: this one stays free of torch."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_REPOSITORY), os.environ.get("PYTHONPATH")])),
    }
    command = [sys.executable, "-m", "classifier.engines.export"]
    command += [str(path) for artefact, out in wanted for path in (artefact.folder, out)]
    names, seconds = ", ".join(artefact.version for artefact, _ in wanted), EXPORT_SECONDS * len(wanted)
    # The child ends when this pipe does: so it does not outlive a parent that is killed.
    leash, held = os.pipe()
    try:
        done = subprocess.run(  # noqa: S603  our own module, our own paths
            command, env=environment, stdin=leash, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"converting {names} for OpenVINO took over {seconds} s") from error
    finally:
        os.close(leash)
        os.close(held)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise EngineError(
            f"{names} could not be converted for OpenVINO (exit {done.returncode}): "
            f"{lines[-1][:300] if lines else 'no message'}"
        )


def _export_here(wanted: Sequence[tuple[Artefact, Path]]) -> None:
    from classifier.engines.export import export  # noqa: PLC0415  it brings torch

    for artefact, out in wanted:
        try:
            export(artefact.folder, out)
        except (ArtefactError, RuntimeError) as error:
            why = " ".join(str(error).split())[:300]
            raise EngineError(f"{artefact.version} could not be converted for OpenVINO: {why}") from error
