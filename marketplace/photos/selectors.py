"""Reads photos and their predictions."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.listings.access import PUBLIC
from marketplace.listings.models import Listing
from marketplace.photos.models import Photo, Prediction, Question

KEEP = timedelta(hours=1)
"""How long a visitor's photo is kept, and one that was removed from its listing."""


def photos_of(*, listing: Listing) -> QuerySet[Photo]:
    """A listing's photos in the seller's order, with their predictions prefetched, newest first."""
    return photos_in_order(listing_id=listing.pk)


def photos_in_order(*, listing_id: int) -> QuerySet[Photo]:
    """As ``photos_of``."""
    return Photo.objects.filter(listing=listing_id).prefetch_related(_newest_predictions())


def photos_predicted(*, listings: Collection[int]) -> QuerySet[Photo]:
    """As ``photos_of``, of many listings at once, each one's in its seller's order."""
    return Photo.objects.filter(listing__in=listings).prefetch_related(_newest_predictions())


def photo_removed_last(*, listing: Listing) -> Photo | None:
    """The photo that was removed last, while that can be undone."""
    removed = Photo.objects.filter(removed_from=listing, removed_at__gte=timezone.now() - KEEP)
    return removed.order_by("-removed_at").first()


def photo_of_visitor(*, photo_id: UUID) -> Photo | None:
    """A visitor's photo from /identify/, while it is kept. Whoever knows its id may see it."""
    return (
        Photo.objects.filter(pk=photo_id, listing=None, removed_from=None, created_at__gte=timezone.now() - KEEP)
        .prefetch_related(_newest_predictions())
        .first()
    )


def question_of_visitor(*, question_id: UUID) -> Question | None:
    """A question from /identify/, while it is kept. Whoever knows its id may see it."""
    return Question.objects.filter(pk=question_id, created_at__gte=timezone.now() - KEEP).first()


def photos_asked(*, question: Question) -> list[Photo]:
    """A question's photos as they came, with their predictions, newest first."""
    return list(
        Photo.objects.filter(question=question).prefetch_related(_newest_predictions()).order_by("created_at", "pk")
    )


def picture_is_public(*, name: str) -> bool:
    """Whether everybody may see a stored file: its photo's car is on sale, or was sold, or somebody
    shows it of themselves."""
    if name.startswith("people/"):
        return User.objects.filter(portrait=name, is_active=True).exists()
    column = "file" if name.startswith("photos/") else "card"
    return Photo.objects.filter(**{column: name}, listing__status__in=PUBLIC).exists()


def prediction_latest(*, photo: Photo) -> Prediction | None:
    """The prediction of the newest model version; no query if the photo came from ``photos_of``."""
    predictions = list(photo.predictions.all())
    return max(predictions, key=lambda prediction: (prediction.created_at, prediction.pk), default=None)


def photos_waiting(*, listing: Listing) -> int:
    """How many of a listing's photos wait for recognition."""
    return Photo.objects.filter(
        listing=listing, status__in=(Photo.Status.PENDING, Photo.Status.CLAIMED)
    ).count()  # fmt: skip


def _newest_predictions() -> "Prefetch[str]":
    return Prefetch("predictions", Prediction.objects.select_related("model_version").order_by("-created_at", "-pk"))
