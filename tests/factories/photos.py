"""Photos on their way through recognition, and what was said of them."""

from uuid import uuid4

from django.core.files.base import ContentFile
from django.utils import timezone
from factory import LazyAttribute, LazyFunction, Sequence, SubFactory, Trait
from factory.builder import Resolver
from factory.django import DjangoModelFactory

from marketplace.photos.models import Photo, Prediction
from tests.factories.listings import ListingFactory
from tests.factories.registry import ModelVersionFactory
from tests.pictures import jpeg


def _stored(photo: Resolver) -> ContentFile:
    return ContentFile(jpeg(size=(photo.width, photo.height)), name=f"{uuid4().hex}.jpg")


class PhotoFactory(DjangoModelFactory[Photo]):
    """A photo that waits for the worker; its files are names only. ``listing=None``: a visitor's.

    ``with_files`` writes both pictures. ``done`` shows a car from outside; ``interior`` and
    ``detail`` were looked at and are of no use, ``no_vehicle`` and ``other`` show none.
    """

    class Meta:
        model = Photo

    class Params:
        with_files = Trait(file=LazyAttribute(_stored), card=LazyAttribute(_stored))
        looked_at = Trait(
            status=Photo.Status.DONE,
            attempts=1,
            claimed_at=LazyFunction(timezone.now),
            finished_at=LazyFunction(timezone.now),
        )
        pending = Trait(status=Photo.Status.PENDING)
        claimed = Trait(status=Photo.Status.CLAIMED, attempts=1, claimed_at=LazyFunction(timezone.now))
        done = Trait(looked_at=True, outcome=Photo.Outcome.OK, kind="exterior")
        interior = Trait(looked_at=True, outcome=Photo.Outcome.NOT_USABLE, kind="interior")
        detail = Trait(looked_at=True, outcome=Photo.Outcome.NOT_USABLE, kind="detail")
        other = Trait(looked_at=True, outcome=Photo.Outcome.NOT_USABLE, kind="other")
        no_vehicle = Trait(looked_at=True, outcome=Photo.Outcome.NO_VEHICLE, kind="exterior")
        failed = Trait(
            status=Photo.Status.FAILED,
            outcome=Photo.Outcome.UNREADABLE,
            attempts=3,
            finished_at=LazyFunction(timezone.now),
            error="The recognition stopped without an answer.",
        )

    listing = SubFactory(ListingFactory)
    file = LazyFunction(lambda: f"photos/{uuid4().hex}.jpg")
    card = LazyFunction(lambda: f"cards/{uuid4().hex}.jpg")
    width = 640
    height = 480
    upload_sha256 = Sequence(lambda n: f"{n:064x}")


class PredictionFactory(DjangoModelFactory[Prediction]):
    """A Skoda Octavia, seen on a photo."""

    class Meta:
        model = Prediction

    photo = SubFactory(PhotoFactory, done=True)
    model_version = SubFactory(ModelVersionFactory)
    attempt = 1
    outcome = Photo.Outcome.OK
    kind = "exterior"
    make_name = "Skoda"
    make_confidence = 0.9
    candidates = LazyFunction(lambda: [{"make": "Skoda", "model": "Octavia", "years": "2012", "confidence": 0.9}])
