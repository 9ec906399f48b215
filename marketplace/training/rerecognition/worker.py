"""The worker's part of a re-recognition: a few photos at a time, and new photos always first."""

import time

from marketplace.doorbell import ring
from marketplace.photos.models import Prediction
from marketplace.photos.recognition.queue import photos_wait
from marketplace.photos.recognition.worker import ServingRecogniser, bytes_of, champion_recogniser, recognise_waiting
from marketplace.registry.services import RERECOGNISE
from marketplace.training.models import Rerecognition, SecondLook
from marketplace.training.rerecognition.services import (
    look_finish,
    looks_claim,
    looks_note,
    promotion_notice,
    rerecognition_plan,
    rerecognitions_tidy,
)

AT_ONCE = 4
"""A new upload waits for this many photos at most: some tenths of a second on a CPU."""
SECONDS_PER_RING = 10
"""Then the task rings for the next one and ends: heat maps, reviews and sweeps get their turn."""
Status = Rerecognition.Status


def rerecognise_waiting() -> int:
    """Look again at photos that wait for it; returns how many. New photos come first."""
    seen = 0
    started = time.monotonic()
    promotion_notice()
    while rerecognitions_tidy():
        recognise_waiting()
        if photos_wait():
            break  # more new photos than one task takes: they have rung, and the sweep rings for these
        planning = [rerecognition_plan(asked=asked) for asked in Rerecognition.objects.filter(status=Status.PLANNING)]
        serving = champion_recogniser()  # before the claim: opening it may take longer than a claim lasts
        looks = looks_claim(version=serving.version, limit=AT_ONCE)
        seen += _look(looks, serving)
        if not looks and not any(planning):
            rerecognitions_tidy()
            break  # a moderator or another worker has what is left
        if time.monotonic() - started > SECONDS_PER_RING:
            ring(RERECOGNISE)
            break
    return seen


def _look(looks: list[SecondLook], serving: ServingRecogniser) -> int:
    known = set(
        Prediction.objects.filter(
            photo__in=[look.photo_id for look in looks], model_version=serving.version
        ).values_list("photo_id", flat=True)
    )  # fmt: skip
    unknown = [look for look in looks if look.photo_id not in known]
    try:
        recognitions = serving.recogniser.recognise([bytes_of(look.photo) for look in unknown]) if unknown else []
    except Exception as error:
        looks_note(looks=unknown, error=f"{type(error).__name__}: {error}")
        raise  # Celery logs it
    recognition_of = {look.pk: one for look, one in zip(unknown, recognitions, strict=True)}
    ends = [
        look_finish(
            look=look,
            version=serving.version,
            recognition=recognition_of.get(look.pk),
            body_threshold=serving.recogniser.body_threshold,
            colour_threshold=serving.recogniser.colour_threshold,
        )
        for look in looks
    ]
    return ends.count("done")
