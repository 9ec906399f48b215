"""Settings of the worker's process in tests of `benchmark`: its recogniser opens at once."""

from tests.settings import *  # noqa: F403

RECOGNISER = "tests.training.fakes.ColourRecogniser"
# Another process cannot reach the tests' database. It gets an empty one, as on a site that was
# never set up.
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
