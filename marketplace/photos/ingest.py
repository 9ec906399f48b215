"""From a stranger's bytes to a clean JPEG: all that is stored of an upload is made anew here."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from classifier.decoding.errors import PictureError
from classifier.formats import (
    BY_KIND,
    EXTENSIONS,
    NAMES,
    document_words,
    extension_of,
    kind_of,
    picture_words,
)
from marketplace.photos.decoder import WHOLE
from marketplace.photos.file_words import file_words, formats_words
from marketplace.photos.intake.budgets import work_charge
from marketplace.photos.intake.callers import SITE, Caller
from marketplace.photos.intake.turns import NoTurnError, Turns
from marketplace.photos.jpeg import NotCleanError, clean_jpeg_size
from marketplace.photos.refusal import PhotoRejected

log = structlog.get_logger(__name__)

__all__ = ["CleanPhoto", "PhotoRejected", "ingest"]

# What one upload may take; scripts/decoder_budget.py prints what the largest ones do. Files that
# ask for more are refused before they are decoded (classifier.decoding.cost): these limits are for
# those that nothing gives away.
CPU_SECONDS = 2
MEMORY_BYTES = 400 * 2**20
# Generous, because it only ends a child that waits or is starved of CPU time; the CPU limit ends
# one that works.
WALL_SECONDS = 30
_turns = Turns()
_DECODER = Path(__file__).with_name("decoder.py")


@dataclass(frozen=True)
class CleanPhoto:
    """What is kept of an upload."""

    master: bytes
    # JPEG, long side ≤ 2,048 px, upright, sRGB, no metadata
    card: bytes
    # the same, long side ≤ 640 px, for lists and tiles
    width: int
    # of the master, in pixels
    height: int
    sha256: str
    # of the upload, in hex: the same file sent twice is one photo
    phash: str
    # 64-bit perceptual hash in hex: near-duplicates differ in few bits
    phash_fine: str
    # the same of 256 bits; empty for a picture that is too plain
    master_sha256: str
    # in hex: files with the same pixels have the same master
    brightness: float
    # 0…255, of the brightest twentieth
    blur: float
    # 0 sharp … 1 blurred

    def facts(self) -> dict[str, Any]:
        """What is stored of it beside the files, as columns of Photo."""
        kept = ("width", "height", "phash", "phash_fine", "master_sha256", "brightness", "blur")
        return {name: getattr(self, name) for name in kept}


def ingest(
    data: bytes, *, filename: str, quarters: int = 0, box: Sequence[int] | None = None, caller: Caller = SITE
) -> CleanPhoto:
    """Check, decode (in a limited child process) and re-encode an upload.

    quarters: how many quarters of a circle to turn it clockwise. box: (x1, y1, x2, y2), the part of
    a master to keep, in its pixels. caller: whose budget it is charged
    to, and whose turns it waits for. Takes about 70 ms for a 1,280×960 JPEG on an idle core, half
    of which is starting the child. Raises PhotoRejected, and nothing else.
    """
    if not data:
        raise PhotoRejected("empty", _("This file is empty. Choose the photo again."))
    if len(data) > settings.PHOTO_MAX_BYTES:
        raise PhotoRejected(
            "too_large",
            _("This file is %(size)s MB; the limit is %(limit)s MB. Save the photo a little smaller and try again.")
            % {"size": f"{len(data) / 2**20:.0f}", "limit": f"{settings.PHOTO_MAX_BYTES / 2**20:.0f}"},
        )
    kind = _accepted_kind(data, filename)
    try:
        used = work_charge(caller, data, kind)
        with _turns.turn(caller, used=used):
            part = WHOLE if box is None else ",".join(map(str, box))
            answer, master, card = _decode_in_child(
                data, kind=kind, quarters=quarters, nice=caller.lane.nice, part=part
            )
    except PictureError as error:
        raise _refusal({"refused": error.reason}) from error
    except NoTurnError as error:
        raise _refusal({"refused": "busy"}) from error
    if "refused" in answer:
        raise _refusal(answer)
    try:
        width, height = clean_jpeg_size(master)
        clean_jpeg_size(card)
    except NotCleanError as error:
        log.warning("decoder_output_not_clean", reason=str(error), filename=filename)
        raise _refusal({"refused": "broken"}) from error
    return CleanPhoto(
        master=master,
        card=card,
        width=width,
        height=height,
        sha256=hashlib.sha256(data).hexdigest(),
        phash=answer["phash"],
        phash_fine=answer["phash_fine"],
        master_sha256=hashlib.sha256(master).hexdigest(),
        brightness=answer["brightness"],
        blur=answer["blur"],
    )


def _accepted_kind(data: bytes, filename: str) -> str:
    kind = kind_of(data)
    if kind is None:
        if (words := picture_words(data)) is not None:
            raise PhotoRejected(
                "wrong_format",
                _("This file is %(what)s. Save it as JPEG or PNG and try again.") % {"what": file_words(words)},
            )
        said = document_words(data)
        what = file_words(said) if said else _("of a kind that we cannot read")
        raise PhotoRejected(
            "not_a_picture",
            _("This file is %(what)s, not a photo. Choose a %(formats)s photo.")
            % {"what": what, "formats": formats_words(NAMES)},
        )
    extension = extension_of(filename)
    # A name without an extension claims nothing. One of another format is a trick or a mistake.
    if extension and EXTENSIONS.get(extension) != kind:
        raise PhotoRejected(
            "extension_mismatch",
            _(
                "This file is named %(extension)s but is %(what)s. "
                "Rename it to end in %(right)s, or save it again as JPEG."
            )
            % {"extension": extension, "what": file_words(BY_KIND[kind].words), "right": BY_KIND[kind].extensions[0]},
        )
    return kind


def _refusal(answer: dict[str, Any]) -> PhotoRejected:
    code = answer["refused"]
    if code == "too_many_pixels":
        limit = _("%(number)s megapixels") % {"number": answer.get("most", settings.PHOTO_MAX_PIXELS) // 1000000}
        advice = _("Save it smaller and try again.")
        if "most" in answer:  # less than in other formats
            limit = _("%(limit)s in this format") % {"limit": limit}
            advice = _("Save it smaller, or as JPEG, and try again.")
        if "width" in answer:
            text = _("This picture is too large (%(width)s × %(height)s pixels); the limit is %(limit)s. %(advice)s")
        else:
            text = _("This picture is too large; the limit is %(limit)s. %(advice)s")
        size = {"width": answer.get("width"), "height": answer.get("height")}
        return PhotoRejected(code, text % {**size, "limit": limit, "advice": advice})
    sentences = {
        "truncated": _("This file is incomplete: the end of the picture is missing. Copy or send the photo again."),
        "too_complex": _("This picture takes too much work to open. Save it as an ordinary JPEG and try again."),
        "busy": _("Many photos are arriving right now. Try this one again in a minute."),
    }
    broken = _("This file is damaged and cannot be opened. Save it again as JPEG and try again.")
    return PhotoRejected(code, sentences.get(code, broken))


def _decode_in_child(
    data: bytes, *, kind: str, quarters: int, nice: int = 0, part: str = WHOLE
) -> tuple[dict[str, Any], bytes, bytes]:
    """The decoder's answer, master and card. A child that crashes or hits its limits is a refusal.

    Each photo gets a fresh interpreter, which takes 40 ms. A fork would be quicker but would copy a
    threaded server with its locks held. A fork server would save 30 ms, but needs a protocol and a
    supervisor, and one bad photo could harm the next. ``-I -S`` and the empty environment keep
    start-up short, and secrets out of the process that reads the stranger's bytes.
    """
    numbers = map(str, (settings.PHOTO_MAX_PIXELS, CPU_SECONDS, MEMORY_BYTES, quarters, nice))
    try:
        child = subprocess.run(  # noqa: S603  # our own script, no shell, no word of the upload in its arguments
            [sys.executable, "-I", "-S", str(_DECODER), kind, *numbers, part, *_import_folders()],
            input=data,
            capture_output=True,
            timeout=WALL_SECONDS,
            env={"MALLOC_ARENA_MAX": "2"},  # glibc reserves address space for each thread, which is limited here
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("decoder_out_of_time", kind=kind, size=len(data))
        return {"refused": "too_complex"}, b"", b""
    except OSError as error:  # no memory or no process left for a child
        log.error("decoder_not_started", kind=kind, error=str(error))
        return {"refused": "busy"}, b"", b""
    if child.returncode != 0:
        log.warning(
            "decoder_died", kind=kind, returncode=child.returncode, stderr=child.stderr[-500:].decode("latin-1")
        )
        # Negative: stopped by a signal, that is by its CPU limit or by a crash of the decoder.
        return {"refused": "too_complex" if child.returncode < 0 else "broken"}, b"", b""
    head, _, rest = child.stdout.partition(b"\n")
    try:
        answer: dict[str, Any] = json.loads(head)
        master_size, card_size = answer["sizes"]
        if "refused" not in answer:
            _check_facts(answer)
    except (ValueError, KeyError, TypeError) as error:
        log.warning("decoder_talked_nonsense", kind=kind, error=str(error))
        return {"refused": "broken"}, b"", b""
    return answer, rest[:master_size], rest[master_size : master_size + card_size]


def _check_facts(answer: dict[str, Any]) -> None:
    """Raises ValueError, KeyError or TypeError. A child that was taken over may say anything."""
    if len(answer["phash"]) != 16 or len(answer["phash_fine"]) not in {0, 64}:
        raise ValueError("a hash of another length")
    int(answer["phash"], 16), int(answer["phash_fine"] or "0", 16)
    if not (0 <= answer["brightness"] <= 255 and 0 <= answer["blur"] <= 1):
        raise ValueError("a quality that cannot be")


def _import_folders() -> list[str]:
    """The folders that the child imports from, found without importing Pillow into this process."""
    folders = []
    for name in ("PIL", "pillow_heif", "classifier"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folders.append(str(Path(spec.origin).parent.parent))
    return list(dict.fromkeys(folders))
