"""The worker's process in tests of ``benchmark``: settings of all tests, with a recogniser that opens at once."""

from tests.settings import *  # noqa: F403

RECOGNISER = "tests.training.fakes.ColourRecogniser"
