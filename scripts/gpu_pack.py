"""Pack what scripts/gpu_proof.sh needs on a machine with a GPU and no network.

`python -m scripts.gpu_pack --manifests work/photos --out .gpu --photos-for-proof 500`

`work/photos` holds clean manifests, one folder a source (tools.starter_photos). Photos are scaled
to `--side` and written as WebP under their own names, so that splits and labels stay. They are cut
into parts of at most `--part-mb`, each a folder that one transfer takes; weights, wheels, and the
photos of the proof as they are, with what the CPU's engine says of them, are folders beside.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from PIL import Image, ImageOps
from safetensors.torch import save_file

from classifier.artefact import artefact_only
from classifier.recognise import WEIGHTS, Recogniser
from classifier.training.data.manifest import ManifestRow, manifest_read, manifest_write
from classifier.training.model.backbones import imagenet_state

WHEELS = ("annotated-types", "ImageHash", "pillow-heif", "pydantic", "pydantic-core", "typing-inspection",
          "ultralytics-opencv-headless", "ultralytics-platform", "ultralytics-thop")  # fmt: skip
"""What classifier/ needs beyond what comes with an image for PyTorch."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def shrunk(row: ManifestRow, *, side: int, quality: int) -> bytes:
    """The photo as WebP with sides of at most `side` pixels."""
    with Image.open(row.path) as image:
        picture = ImageOps.exif_transpose(image).convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=quality, method=5)
    return out.getvalue()


def photos_pack(manifests: Path, out: Path, *, side: int, quality: int, part_bytes: int) -> Iterator[tuple[Path, int]]:
    """Write `out/photos-N.tar` and `out/manifests/`; yields each tar file and its size."""
    packed: list[tuple[str, bytes]] = []
    with ThreadPoolExecutor() as pool:
        for folder in sorted(path.parent for path in manifests.glob("*/manifest.csv")):
            rows = manifest_read(folder)
            names = [f"{at}{row.path.suffix}" for at, row in enumerate(rows)]
            contents = pool.map(partial(shrunk, side=side, quality=quality), rows)
            packed += [(f"{folder.name}/{name}", content) for name, content in zip(names, contents, strict=True)]
            target = out / "manifests" / folder.name
            target.mkdir(parents=True, exist_ok=True)
            named = [replace(row, path=target / name, vehicle=_own(row)) for row, name in zip(rows, names, strict=True)]
            manifest_write(target / "manifest.csv", named)
    for number, part in enumerate(_parts(packed, part_bytes)):
        with tarfile.open(out / f"photos-{number}.tar", "w") as tar:
            for name, content in part:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        yield Path(tar.name or ""), (out / f"photos-{number}.tar").stat().st_size


def _parts(packed: Sequence[tuple[str, bytes]], limit: int) -> Iterator[list[tuple[str, bytes]]]:
    part: list[tuple[str, bytes]] = []
    used = 0
    for name, content in packed:
        size = len(content) + 1024  # tar's header and padding
        if part and used + size > limit:
            yield part
            part, used = [], 0
        part.append((name, content))
        used += size
    yield part


def _own(row: ManifestRow) -> str:
    """The vehicle's id as its manifest has it: reading adds the source again."""
    return row.vehicle.removeprefix(f"{row.source}/")


def proof_pack(manifests: Path, out: Path, *, count: int, seed: int = 0) -> int:
    """Copy photos as they are, an equal share of each source, with the CPU engine's answers."""
    folder = out / "proof"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = [row for path in sorted(manifests.glob("*/manifest.csv")) for row in manifest_read(path.parent)]
    by_source: dict[str, list[ManifestRow]] = {}
    for row in rows:
        by_source.setdefault(row.source.split("-")[0], []).append(row)
    share = count // len(by_source)
    draw = random.Random(seed)  # noqa: S311  a sample, no secret
    chosen = [row for some in by_source.values() for row in draw.sample(some, min(share, len(some)))]
    chosen += draw.sample([row for row in rows if row not in chosen], count - len(chosen))
    paths = [Path(shutil.copy(row.path, folder / f"{at:03}{row.path.suffix}")) for at, row in enumerate(chosen)]
    recogniser = Recogniser.open(classifier=artefact_only(WEIGHTS / "classifier").folder)
    answers = recogniser.recognise(paths)
    recogniser.close()
    said = [
        {
            "file": path.name, "status": one.status, "kind": one.kind, "box": one.box,
            "make": [one.make.name, one.make.confidence] if one.make else None,
            "first": [one.candidates[0].make, one.candidates[0].model, one.candidates[0].confidence]
            if one.candidates else None,
        }
        for path, one in zip(paths, answers, strict=True)
    ]  # fmt: skip
    (folder / "expected.json").write_text(json.dumps({"version": recogniser.version, "photos": said}))
    manifest_write(
        folder / "manifest.csv",
        [replace(row, path=path, vehicle=_own(row)) for row, path in zip(chosen, paths, strict=True)],
    )
    return len(paths)


def weights_pack(backbones: Sequence[str], out: Path) -> None:
    """ImageNet weights in half precision, for FORECOURT_BACKBONES."""
    (out / "backbones").mkdir(parents=True, exist_ok=True)
    for name in backbones:
        tensors = imagenet_state(name).items()
        state = {key: (one.half() if one.is_floating_point() else one).contiguous() for key, one in tensors}
        save_file(state, out / "backbones" / f"{name}.safetensors")


def wheels_pack(out: Path, *, python: str) -> None:
    """Download the wheels, in the versions that are installed here."""
    wanted = [f"{name}=={version(name)}" for name in WHEELS]
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    only = ["--no-deps", "--only-binary=:all:", "--python-version", python, "--implementation", "cp", *platforms]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *only, "-d", str(out / "wheels"), *wanted]
    subprocess.run(command, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifests", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(".gpu"))
    parser.add_argument("--side", type=int, default=352)
    parser.add_argument("--quality", type=int, default=65)
    parser.add_argument("--part-mb", type=float, default=54)
    parser.add_argument("--photos-for-proof", type=int, default=500)
    parser.add_argument("--backbone", action="append", default=[])
    parser.add_argument("--python", default="3.12", help="of the machine with the GPU")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    wheels_pack(given.out, python=given.python)
    weights_pack(given.backbone or ["tf_efficientnet_lite0", "tf_efficientnet_lite2"], given.out)
    sys.stdout.write(f"{proof_pack(given.manifests, given.out, count=given.photos_for_proof)} photos for the proof\n")
    for file, size in photos_pack(
        given.manifests, given.out, side=given.side, quality=given.quality, part_bytes=int(given.part_mb * 2**20)
    ):
        sys.stdout.write(f"{file}: {size / 2**20:.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
