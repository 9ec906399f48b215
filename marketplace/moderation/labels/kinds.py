"""Photos drawn at random for people to say what they show. Their answers measure and teach the
attribute classifier, whose own answers decide which photos a car is recognised on."""

import random
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from classifier.training.intervals import wilson
from marketplace.accounts.models import User
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing
from marketplace.moderation.models import KindLabel
from marketplace.photos.models import Photo

log = structlog.get_logger(__name__)

SAMPLE = 500
SHOWN = (*ON_SALE, Listing.Status.SUBMITTED, Listing.Status.SOLD, Listing.Status.EXPIRED)
"""Of whose listings photos are drawn: moderators see them anyway. Drafts are private."""


class KindRefused(Exception):
    """An answer that is late or impossible; the message is for the moderator."""


@dataclass(frozen=True)
class Progress:
    """How far the labelling is, and how often the model had said the same."""

    waiting: int
    done: int
    right: int
    low: float | None
    high: float | None
    """Wilson's 95 % bounds of the share that the model had right; None: nothing is labelled."""

    @property
    def total(self) -> int:
        return self.waiting + self.done

    @property
    def share(self) -> float:
        return self.right / self.done if self.done else 0.0


@transaction.atomic
def kinds_draw(*, number: int = SAMPLE) -> int:
    """Draw photos at random, each as likely as any other; returns how many. Those that were drawn
    before are not drawn again."""
    looked_at = Photo.objects.filter(status=Photo.Status.DONE, listing__status__in=SHOWN, kind_label=None)
    looked_at = looked_at.exclude(kind="")
    keys = list(looked_at.values_list("pk", flat=True))
    # In Python: ORDER BY random() sorts whole rows, and differs between databases.
    chosen = random.SystemRandom().sample(keys, min(number, len(keys)))
    kinds = dict(Photo.objects.filter(pk__in=chosen).values_list("pk", "kind"))
    KindLabel.objects.bulk_create(
        [KindLabel(photo_id=pk, predicted=kinds[pk]) for pk in chosen], ignore_conflicts=True, batch_size=200
    )
    log.info("kinds_drawn", photos=len(chosen))
    return len(chosen)


def kind_next(*, skip: Collection[int] = ()) -> KindLabel | None:
    """One that waits; a random one, so that two people rarely look at the same."""
    waiting = KindLabel.objects.filter(kind="").exclude(pk__in=skip).select_related("photo")
    number = waiting.count()
    return waiting[random.randrange(number)] if number else None  # noqa: S311  # nothing to guess


def kind_label(*, label: KindLabel, moderator: User, kind: str) -> None:
    """Store what a photo shows. Raises KindRefused if somebody else said it meanwhile."""
    if kind not in Photo.Kind.values:
        raise KindRefused(_("Choose what the photo shows."))
    # Conditional update: of two who look at the same photo the second one changes nothing.
    stored = KindLabel.objects.filter(pk=label.pk, kind="").update(
        kind=kind, moderator=moderator, decided_at=timezone.now()
    )
    if stored != 1:
        raise KindRefused(_("Somebody else has said what this photo shows."))


def kind_undo(*, moderator: User) -> KindLabel:
    """Open again what this moderator labelled last. Raises KindRefused if there is nothing."""
    last = KindLabel.objects.filter(moderator=moderator).order_by("-decided_at").select_related("photo").first()
    if last is None or KindLabel.objects.filter(pk=last.pk, decided_at=last.decided_at).update(
        kind="", moderator=None, decided_at=None
    ) != 1:  # fmt: skip
        raise KindRefused(_("There is nothing to undo."))
    return last


def kinds_progress() -> Progress:
    """Counts of all that was drawn."""
    done = KindLabel.objects.exclude(kind="")
    number, right = done.count(), done.filter(kind=F("predicted")).count()
    low, high = wilson(right, number) if number else (None, None)
    return Progress(KindLabel.objects.filter(kind="").count(), number, right, low, high)
