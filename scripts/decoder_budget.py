"""What the child that decodes uploads takes for the largest photos and for bombs.

    python scripts/decoder_budget.py

It prints, for each file, the answer, the most memory that was touched and the processor's seconds.
The files are made here, so that anybody can repeat it; making them takes about two minutes.
"""

import io
import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from marketplace.photos.ingest import _DECODER, CPU_SECONDS, MEMORY_BYTES, _import_folders

MAX_PIXELS = 64_000_000
_WATCH = """
import atexit, resource, runpy, sys
def report():
    used = resource.getrusage(resource.RUSAGE_SELF)  # its ru_maxrss counts the parent before exec
    peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    sys.stderr.write(f"{int(peak) // 1024} {used.ru_utime + used.ru_stime:.2f}")
atexit.register(report)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def photo_like(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Smooth noise: it packs about as well as a photo."""
    small = Image.effect_noise((width // 8, height // 8), 60).convert("RGB")
    return small.resize((width, height), Image.Resampling.BILINEAR).convert(mode)


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def flat_png(width: int, height: int, *, depth: int, colour: int) -> bytes:
    """A black PNG of any size, in some kilobytes; depth and colour as in its header."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes((depth, colour, 0, 0, 0))
    left = height * (1 + (width * depth * {0: 1, 2: 3, 4: 2, 6: 4}[colour] + 7) // 8)
    pack = zlib.compressobj(9)
    body = b""
    while left > 0:
        body += pack.compress(bytes(min(left, 2**24)))
        left -= 2**24
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body + pack.flush()) + chunk(b"IEND", b"")


def with_scans(data: bytes, times: int) -> bytes:
    """A progressive JPEG with its first refining scan again and again."""
    starts, at = [], data.find(b"\xff\xda")
    while at >= 0:
        starts.append(at)
        at = data.find(b"\xff\xda", at + 2)
    scan = data[starts[1] : starts[2]]
    scan = scan[: scan.find(b"\xff\xc4")] if b"\xff\xc4" in scan else scan
    return data[: starts[1]] + scan * times + data[starts[1] :]


def files() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Name, kind and maker of each file."""
    quick = {"preset": "ultrafast"}
    yield "phone 12 MP", "JPEG", lambda: encode(photo_like(4032, 3024), "JPEG", quality=90)
    yield "phone 48 MP", "JPEG", lambda: encode(photo_like(8064, 6048), "JPEG", quality=90)
    yield "panorama 16,000 × 4,000", "JPEG", lambda: encode(photo_like(16_000, 4000), "JPEG", quality=90)
    yield "phone 48 MP", "HEIF", lambda: encode(photo_like(8064, 6048), "HEIF", quality=60, enc_params=quick)
    yield (
        "panorama 16,000 × 4,000",
        "HEIF",
        lambda: encode(photo_like(16_000, 4000), "HEIF", quality=50, enc_params=quick),
    )
    progressive = {"quality": 85, "progressive": True}
    yield "64 MP, progressive", "JPEG", lambda: encode(photo_like(8000, 8000), "JPEG", **progressive)
    yield (
        "64 MP, progressive 4:4:4",
        "JPEG",
        lambda: encode(photo_like(8000, 8000), "JPEG", subsampling=0, **progressive),
    )
    bomb = Image.new("RGB", (3000, 3000))
    yield "3,000 scans", "JPEG", lambda: with_scans(encode(bomb, "JPEG", progressive=True), 3000)
    yield "64 MP grey", "PNG", lambda: flat_png(8000, 8000, depth=8, colour=0)
    yield "64 MP with alpha", "PNG", lambda: flat_png(8000, 8000, depth=8, colour=6)
    yield "64 MP with alpha, 16 bits", "PNG", lambda: flat_png(8000, 8000, depth=16, colour=6)
    yield "1 × 64,000,000", "PNG", lambda: flat_png(1, 64_000_000, depth=1, colour=0)
    yield "20 MP", "WEBP", lambda: encode(photo_like(5000, 3900), "WEBP", method=0)
    yield "20 MP, lossless", "WEBP", lambda: encode(photo_like(5000, 3900), "WEBP", lossless=True, method=0)
    yield "64 MP", "WEBP", lambda: encode(Image.new("RGB", (8000, 8000)), "WEBP", method=0)


def main() -> None:
    pillow_heif.register_heif_opener()
    print(f"limits: {MEMORY_BYTES // 2**20} MB, {CPU_SECONDS} s")
    print(f"{'file':34} {'MB in':>6} {'answer':18} {'memory MB':>9} {'CPU s':>6}")
    for name, kind, make in files():
        data = make()
        limits = [str(MAX_PIXELS), str(CPU_SECONDS), str(MEMORY_BYTES), "0", "0"]
        child = subprocess.run(  # our own script
            [sys.executable, "-I", "-S", "-c", _WATCH, str(_DECODER), kind, *limits, *_import_folders()],
            input=data,
            capture_output=True,
            env={"MALLOC_ARENA_MAX": "2"},
            check=False,
        )
        if child.returncode != 0:
            print(f"{kind + ' ' + name:34} {len(data) / 1e6:6.1f} ended by {child.returncode}")
            continue
        answer = json.loads(child.stdout.partition(b"\n")[0])
        said = answer.get("refused") or f"{answer['width']} × {answer['height']}"
        memory, seconds = child.stderr.split()[-2:]
        print(f"{kind + ' ' + name:34} {len(data) / 1e6:6.1f} {said:18} {int(memory):9} {float(seconds):6.2f}")


if __name__ == "__main__":
    main()
