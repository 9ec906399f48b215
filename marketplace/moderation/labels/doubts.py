"""Labels of training photos that are probably wrong: a queue of their own, the most suspect first.

Labels are not claimed, because each is decided in a second. If two moderators decide the same one,
the second gets a message.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.names import name_key
from marketplace.moderation.models import Decision, LabelReview
from marketplace.photos.models import Photo

log = structlog.get_logger(__name__)

KEEP, CORRECT, DISCARD, NO_CAR = "keep", "correct", "discard", "no_car"
_BECOMES = {
    KEEP: LabelReview.Status.KEPT,
    CORRECT: LabelReview.Status.CORRECTED,
    DISCARD: LabelReview.Status.DISCARDED,
    NO_CAR: LabelReview.Status.NO_CAR,
}


class LabelRefused(Exception):
    """A decision about a label that is late or incomplete; the message is for the moderator."""


@dataclass(frozen=True)
class Doubt:
    """A label to ask moderators about, and what speaks against it."""

    sha256: str
    size: int
    """Of the photo's file, in bytes."""
    source: str
    file: str
    make: str
    model: str
    year: str
    score: float
    """0 to 1; low = probably wrong."""
    stated: float
    """The label's probability, 0 to 1."""
    suggestions: Sequence[Mapping[str, Any]]
    """[{make, model, years, confidence}, …], the likeliest first."""
    ranked_by: str
    photo: Photo | None
    """If it is a listing's photo."""


def label_key(*, make: str, model: str, year: str) -> str:
    """The same for labels that differ only in case, accents, spaces and punctuation."""
    return f"{name_key(make)}|{name_key(model)}|{year}"


def labels_open() -> QuerySet[LabelReview]:
    """Labels that wait for a moderator, the most suspect first."""
    return LabelReview.objects.filter(status=LabelReview.Status.OPEN).select_related("photo__listing")


def labels_decided() -> QuerySet[LabelReview]:
    """Labels that moderators decided, the newest last."""
    return LabelReview.objects.exclude(status=LabelReview.Status.OPEN).order_by("decided_at", "pk")


def labels_earlier(*, review: LabelReview) -> QuerySet[LabelReview]:
    """What moderators decided about the same photo under another label, the newest first.

    The newest answer about a photo counts, so a further one replaces it.
    """
    return labels_decided().filter(sha256=review.sha256).exclude(pk=review.pk).select_related("moderator").reverse()


def listing_decision(*, review: LabelReview) -> Decision | None:
    """What a moderator decided about the listing that the photo belongs to; None if nothing."""
    if review.photo is None or review.photo.listing_id is None:
        return None
    approved = (Decision.Action.ACCEPT, Decision.Action.CORRECT)
    decisions = Decision.objects.filter(listing=review.photo.listing_id, action__in=approved)
    return decisions.select_related("moderator").first()


def label_next(*, skip: Collection[int] = ()) -> LabelReview | None:
    """The most suspect label that waits; None if there is none. skip: keys to leave out."""
    return labels_open().exclude(pk__in=skip).first()


def label_ask(*, doubt: Doubt, picture: Callable[[], bytes]) -> bool:
    """Put a label to the moderators; False if they have answered it before.

    A label that waits already gets the newer score and suggestions. picture: makes a small JPEG; it
    is called only if a picture is needed, and its errors reach the caller. Raises OSError if the
    picture cannot be stored.
    """
    key = label_key(make=doubt.make, model=doubt.model, year=doubt.year)
    if _is_answered(doubt.sha256, key):
        return False
    ranked = {
        "score": doubt.score,
        "stated": doubt.stated,
        "suggestions": list(doubt.suggestions),
        "ranked_by": doubt.ranked_by,
    }
    # Only while it waits: a label decided a moment ago stays as the moderator saw it. The revision
    # rises, because whoever takes "the first suggestion" must have seen which one that is.
    waiting = LabelReview.objects.filter(sha256=doubt.sha256, label_key=key, status=LabelReview.Status.OPEN)
    if waiting.update(**ranked, revision=F("revision") + 1):
        return True
    review = LabelReview(
        sha256=doubt.sha256, size=doubt.size, source=doubt.source, file=doubt.file,
        make=doubt.make, model=doubt.model, year=doubt.year, label_key=key, photo=doubt.photo, **ranked,
    )  # fmt: skip
    review.full_clean(validate_unique=False, validate_constraints=False)
    if doubt.photo is None:
        name = f"{secrets.token_hex(16)}.jpg"
        try:
            review.picture.save(name, ContentFile(picture()), save=False)
        except OSError:
            review.picture.storage.delete(f"{review.picture.field.upload_to}/{name}")
            raise
    try:
        with transaction.atomic():
            review.save(force_insert=True)
    except DatabaseError as error:
        if review.picture:
            review.picture.delete(save=False)
        if (
            isinstance(error, IntegrityError)
            and LabelReview.objects.filter(sha256=doubt.sha256, label_key=key).exists()
        ):
            return True  # somebody else asked at the same moment
        raise
    return True


def label_decide(
    *,
    review: LabelReview,
    moderator: User,
    action: str,
    seen: int,
    suggestion: int | None = None,
    make: Make | None = None,
    car_model: CarModel | None = None,
) -> LabelReview:
    """Store a moderator's decision about a label, also in place of an earlier one; returns the row.

    action: "keep" = the label is right. "correct" = it is the suggestion with this number, else
    `make` and `car_model` (None: the model cannot be told); naming the label itself keeps it.
    "discard" = nobody should learn from this photo. "no_car" = it shows no car, which the attribute
    classifier learns. seen: the revision that the moderator looked at. Raises LabelRefused.
    """
    right = ("", "", "")
    if action == CORRECT:
        right = _right(review, suggestion=suggestion, make=make, car_model=car_model)
        if label_key(make=right[0], model=right[1], year=right[2]) == review.label_key:
            action, right = KEEP, ("", "", "")
    if action not in _BECOMES:
        raise LabelRefused(_("There is no decision called %(action)s.") % {"action": action})
    # Conditional update: of two who looked at the same revision, the second changes nothing.
    changed = LabelReview.objects.filter(pk=review.pk, revision=seen).update(
        status=_BECOMES[action],
        right_make=right[0],
        right_model=right[1],
        right_year=right[2],
        moderator=moderator,
        decided_at=timezone.now(),
        revision=F("revision") + 1,
    )
    row = LabelReview.objects.select_related("moderator", "photo__listing").filter(pk=review.pk).first()
    if row is None:
        raise LabelRefused(_("This photo was deleted meanwhile, and with it the question."))
    if changed != 1 and row.status == LabelReview.Status.OPEN:
        raise LabelRefused(_("Suggestions or earlier decisions changed meanwhile; look again."))
    if changed != 1:
        raise LabelRefused(
            _("Too late: %(who)s decided: %(what)s. Your decision was not stored.")
            % {"who": row.moderator, "what": decision_words(row)}
        )
    # Whoever looks at another label of this photo has not seen what theirs would replace.
    LabelReview.objects.filter(sha256=row.sha256).exclude(pk=row.pk).update(revision=F("revision") + 1)
    log.info("label_decided", review=row.pk, action=action, right=row.right, moderator=moderator.pk, sha256=row.sha256)
    return row


def decision_words(review: LabelReview) -> str:
    """A decision in words."""
    if review.status == LabelReview.Status.CORRECTED:
        return _("it is a %(car)s") % {"car": review.right}
    return {
        LabelReview.Status.KEPT: _("it is a %(car)s") % {"car": review.label},
        LabelReview.Status.DISCARDED: _("the photo is left out"),
        LabelReview.Status.NO_CAR: _("it shows no car"),
    }.get(LabelReview.Status(review.status), _("nothing yet"))


def _is_answered(sha256: str, key: str) -> bool:
    """Whether moderators decided about this label, or gave the photo this label themselves."""
    decided = LabelReview.objects.filter(sha256=sha256).exclude(status=LabelReview.Status.OPEN)
    return any(
        one.label_key == key or key == label_key(make=one.right_make, model=one.right_model, year=one.right_year)
        for one in decided
    )


def _right(
    review: LabelReview, *, suggestion: int | None, make: Make | None, car_model: CarModel | None
) -> tuple[str, str, str]:
    """Make, model and year. Raises LabelRefused."""
    if suggestion is not None:
        if not 0 <= suggestion < len(review.suggestions):
            raise LabelRefused(_("There is no such suggestion; look again."))
        chosen = review.suggestions[suggestion]
        return chosen["make"], chosen["model"], chosen["years"]
    if make is None:
        raise LabelRefused(_("Choose a car first."))
    if car_model is not None and car_model.make_id != make.pk:
        raise LabelRefused(_("%(model)s is not a model of %(make)s.") % {"model": car_model, "make": make})
    return make.name, car_model.name if car_model else "", ""
