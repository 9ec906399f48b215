"""Rows for tests, made in one line each with defaults that satisfy every constraint.

Say what the test is about and leave out the rest; a trait is a flag that sets several fields at
once:

    UserFactory(email="dora@example.org", moderator=True)  # a User, who signs in with PASSWORD
    # a Listing; its make is the model's
    ListingFactory(live=True, seller=alice, car_model=golf, price=9000)
    # a Photo whose pictures lie in MEDIA_ROOT
    PhotoFactory(listing=listing, done=True, with_files=True)

No factory writes a file unless asked. Where a test is about what a service makes sure of, the
service makes the row.
"""

from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.catalogue import CarModelFactory, MakeAliasFactory, MakeFactory, ModelAliasFactory
from tests.factories.listings import ListingFactory, verdict_of
from tests.factories.moderation import (
    ClaimFactory,
    DecisionFactory,
    DoubtFactory,
    LabelReviewFactory,
    RejectTemplateFactory,
)
from tests.factories.photos import PhotoFactory, PredictionFactory
from tests.factories.registry import ModelVersionFactory
from tests.factories.trade import ThreadFactory
from tests.factories.training import RerecognitionFactory, TrainingRunFactory

__all__ = [
    "PASSWORD",
    "CarModelFactory",
    "ClaimFactory",
    "DecisionFactory",
    "DoubtFactory",
    "LabelReviewFactory",
    "ListingFactory",
    "MakeAliasFactory",
    "MakeFactory",
    "ModelAliasFactory",
    "ModelVersionFactory",
    "PhotoFactory",
    "PredictionFactory",
    "RejectTemplateFactory",
    "RerecognitionFactory",
    "ThreadFactory",
    "TrainingRunFactory",
    "UserFactory",
    "verdict_of",
]
