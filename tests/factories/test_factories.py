"""What a factory makes is a row as the models and their constraints want it."""

import pytest
from django.contrib.auth.hashers import check_password
from factory.django import DjangoModelFactory

from marketplace.listings.models import Listing
from tests import factories
from tests.factories import PASSWORD, CarModelFactory, ListingFactory, MakeFactory, UserFactory

MADE_WITH = [
    pytest.param(factory, trait, id=f"{name}-{trait}" if trait else name)
    for name, factory in vars(factories).items()
    if isinstance(factory, type) and issubclass(factory, DjangoModelFactory)
    for trait in (None, *factory._meta.parameters)
]


@pytest.mark.parametrize(("factory", "trait"), MADE_WITH)
def test_every_row_satisfies_its_model_and_writes_no_file_unasked(factory, trait, db, media):
    row = factory(**{trait: True} if trait else {})
    row.refresh_from_db()
    row.full_clean()
    assert media.exists() is (trait == "with_files")


@pytest.mark.parametrize("status", Listing.Status.values)
def test_a_listing_has_the_status_that_its_trait_is_named_after(status, db):
    assert ListingFactory(**{status: True}).status == status


def test_a_listings_make_is_its_models_and_what_is_filled_in_is_the_sellers(db):
    golf = CarModelFactory(make__name="Volkswagen", name="Golf")
    listing = ListingFactory(car_model=golf, price=9000)
    assert (listing.make, listing.touched) == (golf.make, ["car_model", "make", "price"])
    written = ListingFactory(live=True, written=True)
    assert (written.make, written.title) == (None, "Roewe i5 2012")


def test_a_name_is_one_make_and_a_password_opens_the_door(db):
    assert CarModelFactory(make__name="Audi").make == MakeFactory(name="Audi")
    assert check_password(PASSWORD, UserFactory().password)
