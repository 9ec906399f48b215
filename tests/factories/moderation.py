"""Claims, decisions and doubtful labels."""

from datetime import timedelta
from uuid import uuid4

from django.core.files.base import ContentFile
from django.utils import timezone
from factory import Factory, LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory, Trait, post_generation
from factory.builder import Resolver
from factory.django import DjangoModelFactory

from marketplace.moderation.labels.doubts import Doubt, label_key
from marketplace.moderation.models import Claim, Decision, LabelReview, RejectTemplate, RejectTemplateText
from tests.factories.accounts import UserFactory
from tests.factories.listings import ListingFactory
from tests.pictures import jpeg


class ClaimFactory(DjangoModelFactory[Claim]):
    """A moderator holds a listing for some minutes more; ``expired``: no longer."""

    class Meta:
        model = Claim

    class Params:
        expired = Trait(expires_at=LazyFunction(lambda: timezone.now() - timedelta(seconds=1)))

    listing = SubFactory(ListingFactory, submitted=True)
    moderator = SubFactory(UserFactory, moderator=True)
    expires_at = LazyFunction(lambda: timezone.now() + timedelta(minutes=10))


class DecisionFactory(DjangoModelFactory[Decision]):
    """The record of a decision, not what it does: that the car is what the seller says it is.

    ``auto``: policy found so. ``reject`` needs no make. For a correction give ``make`` and
    ``car_model``.
    """

    class Meta:
        model = Decision

    class Params:
        auto = Trait(action=Decision.Action.AUTO, moderator=None)
        reject = Trait(action=Decision.Action.REJECT, make=None, car_model=None, reason="No photo of the car.")

    listing = SubFactory(ListingFactory, live=True)
    listing_code = SelfAttribute("listing.code")
    moderator = SubFactory(UserFactory, moderator=True)
    action = Decision.Action.ACCEPT
    predicted = SelfAttribute("listing.verdict")
    stated_make = SelfAttribute("listing.make")
    stated_model = SelfAttribute("listing.car_model")
    stated_other = SelfAttribute("listing.unlisted")
    make = SelfAttribute("listing.make")
    car_model = SelfAttribute("listing.car_model")


class RejectTemplateFactory(DjangoModelFactory[RejectTemplate]):
    """A template that is offered; ``text``: its words in the site's first language."""

    class Meta:
        model = RejectTemplate
        skip_postgeneration_save = True

    code = Sequence(lambda n: f"template-{n}")
    no_car = LazyAttribute(lambda template: template.code == "no_car")

    @post_generation
    def text(template: RejectTemplate, create: bool, text: str | None, **_: object) -> None:
        RejectTemplateText.objects.create(template=template, text=text or "Please mend it.")


class _DoubtfulLabel(Factory):
    """A Skoda Octavia of a manifest that looks like a Volvo V70."""

    class Meta:
        abstract = True

    sha256 = Sequence(lambda n: f"{n:064x}")
    size = 1234
    source = "lot"
    file = "1.jpg"
    make = "Skoda"
    model = "Octavia"
    year = "2012"
    score = 0.02
    stated = 0.02
    suggestions = LazyFunction(lambda: [{"make": "Volvo", "model": "V70", "years": "2008", "confidence": 0.91}])
    ranked_by = "first-00000000"
    photo = None


class DoubtFactory(_DoubtfulLabel, Factory[Doubt]):
    """A label to ask about, as ``label_ask`` takes it, always of one photo. Nothing is stored."""

    class Meta:
        model = Doubt

    sha256 = "0" * 64


def _key(review: Resolver) -> str:
    return label_key(make=review.make, model=review.model, year=review.year)


class LabelReviewFactory(DjangoModelFactory[LabelReview], _DoubtfulLabel):
    """A doubtful label that waits for a moderator; its picture is a name only. ``with_files``
    writes it."""

    class Meta:
        model = LabelReview

    class Params:
        with_files = Trait(picture=LazyFunction(lambda: ContentFile(jpeg(), name=f"{uuid4().hex}.jpg")))

    label_key = LazyAttribute(_key)
    picture = LazyFunction(lambda: f"labels/{uuid4().hex}.jpg")
