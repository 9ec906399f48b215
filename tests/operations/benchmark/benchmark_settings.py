"""The worker's process in tests of ``benchmark``: settings of all tests, with a recogniser that opens at once."""

from tests.settings import *  # noqa: F403

RECOGNISER = "tests.training.fakes.ColourRecogniser"
# A process of its own cannot use the tests' database, which no other name leads to: it gets an empty one, as on a site
# that nobody has set up.
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
