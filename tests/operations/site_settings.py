"""Settings of the sites that these tests start: the real ones, with a champion that is nothing but a name."""

from marketplace.settings import *  # noqa: F403
from marketplace.settings import VAR_DIR

RECOGNISER = "tests.operations.site_settings.BlindRecogniser"
STARTER_WEIGHTS_DIR = VAR_DIR / "weights"


class BlindRecogniser:
    """Opens at once and is never asked."""

    engine = "blind"

    @classmethod
    def open(cls, **_):
        return cls()

    def close(self):
        pass
