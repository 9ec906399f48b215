"""The worker's part in heat maps: drawn one by one, each after all waiting photos."""

import io
import time

import numpy as np
from PIL import Image

from classifier.explain import HeatMap, NothingToExplainError, heat_map
from classifier.recognise import NoCropError
from marketplace.doorbell import ring
from marketplace.photos.heatmaps.services import (
    DRAW_HEATMAPS,
    heatmap_claim,
    heatmap_fail,
    heatmap_finish,
    heatmap_release,
)
from marketplace.photos.models import Heatmap
from marketplace.photos.recognition.taxonomy import catalogue_spec
from marketplace.photos.recognition.worker import (
    SECONDS_PER_RING,
    ServingRecogniser,
    bytes_of,
    champion_recogniser,
    recognise_waiting,
)

LONG_SIDE = 480
# From cold to hot: red, green, blue and opacity. The ramp grows lighter and warmer at once, so
# that it can be read on a car of any colour, in a grey print and by the colour-blind. Cold parts
# stay clear.
RAMP = (
    (0.0, (40, 10, 70, 0)),
    (0.25, (95, 15, 110, 110)),
    (0.5, (190, 45, 85, 165)),
    (0.75, (240, 120, 30, 185)),
    (1.0, (255, 235, 130, 200)),
)


def heatmaps_draw() -> int:
    """Draw what waits and return how many; waiting photos come first each time."""
    drawn = 0
    started = time.monotonic()
    while True:
        recognise_waiting()
        serving = champion_recogniser()  # before the claim: opening it may take longer than a claim lasts
        heatmap = heatmap_claim()
        if heatmap is None:
            return drawn
        drawn += _draw(heatmap, serving)
        if time.monotonic() - started > SECONDS_PER_RING:
            ring(DRAW_HEATMAPS)
            return drawn


def _draw(heatmap: Heatmap, serving: ServingRecogniser) -> bool:
    classes = catalogue_spec(serving.version).classes
    try:
        found = heat_map(serving.recogniser, bytes_of(heatmap.photo), classes=classes)
        car = f"{found.candidate.make} {found.candidate.model}".strip()
        return heatmap_finish(heatmap=heatmap, png=heat_png(found), box=found.box, car=car, by=serving.version)
    except (NoCropError, NothingToExplainError) as why:
        heatmap_fail(heatmap=heatmap, error=str(why))
        return False
    except Exception:
        heatmap_release(heatmap=heatmap)  # need not wait for its claim to end; Celery logs the error itself
        raise


def heat_png(found: HeatMap) -> bytes:
    """The map in colours, translucent, in the proportions of its box."""
    width, height = found.box[2] - found.box[0], found.box[3] - found.box[1]
    scale = LONG_SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = np.asarray(Image.fromarray(found.heat, mode="F").resize(size, Image.Resampling.BICUBIC))
    stops, colours = [at for at, _ in RAMP], np.asarray([colour for _, colour in RAMP], dtype=np.float64)
    channels = [np.interp(smooth.clip(0, 1), stops, colours[:, channel]) for channel in range(4)]
    out = io.BytesIO()
    Image.fromarray(np.stack(channels, axis=-1).round().astype(np.uint8), mode="RGBA").save(out, "PNG", optimize=True)
    return out.getvalue()
