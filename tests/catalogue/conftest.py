import pytest

from marketplace.catalogue.services import catalogue_load


@pytest.fixture
def catalogue(db):
    """The project's own data file, loaded."""
    return catalogue_load()
