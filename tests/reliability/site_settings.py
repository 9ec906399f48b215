"""The real settings, for sites that tests kill, but with short waits and a fake recogniser."""

from marketplace.settings import *  # noqa: F403
from marketplace.settings import CELERY_BEAT_SCHEDULE

RECOGNISER = "tests.reliability.fake_recogniser.FakeRecogniser"
PHOTO_CLAIM_SECONDS = 1
CELERY_BEAT_SCHEDULE = {
    name: {**CELERY_BEAT_SCHEDULE[name], "schedule": 0.5} for name in ("photos-sweep", "rerecognise-sweep")
}
CELERY_BEAT_MAX_LOOP_INTERVAL = 0.5
