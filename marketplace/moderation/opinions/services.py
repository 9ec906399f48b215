"""Drawing second opinions and gold items, handing them out, and taking the answers."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.records import (
    SECONDS_MOST,
    Action,
    Circumstances,
    DecisionLate,
    DecisionRefused,
)
from marketplace.moderation.models import Decision, Opinion
from marketplace.moderation.opinions.selectors import NAMED, askable, decision_label, label_of, settled

log = structlog.get_logger(__name__)

TRIES = 20
TURN = 4
"""One of so many cars is a second opinion while some are open, so that they come mixed."""
WITHDRAW_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Answer:
    """What a moderator says of a car: the same as a decision."""

    action: str
    make: Make | None
    car_model: CarModel | None


def opinion_draw(*, decision: Decision) -> None:
    """Perhaps have another moderator asked about a decision that was just made.

    Uniform, whatever the car is like: else agreement would say nothing of the rest. What cannot be
    shown as it was (changes of a live car), and what went back to its seller, is not drawn.
    """
    listing = decision.listing
    if listing is None or decision.action not in NAMED or decision.before is None or decision.audit:
        return
    if secrets.randbelow(100) < settings.MODERATION_SECOND_PERCENT:
        Opinion.objects.create(kind=Opinion.Kind.SECOND, listing=listing, first=decision)


def dispute_settle(*, decision: Decision) -> None:
    """A third moderator decided: the two who disagree need nobody any more."""
    open_ones = Opinion.objects.filter(listing=decision.listing_id or 0, agrees=False, settled_by=None)
    first = open_ones.filter(kind=Opinion.Kind.SECOND).exclude(first=decision).first()
    if first is not None:
        Opinion.objects.filter(pk=first.pk, settled_by=None).update(settled_by=decision)


def opinion_next(*, moderator: User, skip: Collection[str] = (), only: bool = False) -> Listing | None:
    """A car to ask this moderator about again, held for them; mostly None.

    only: nothing else waits, so an open second opinion comes in any case.
    """
    held = _free(moderator, skip).filter(moderator=moderator, held_until__gt=timezone.now()).first()
    if held is not None:
        return held.listing
    if secrets.randbelow(100) < settings.MODERATION_GOLD_PERCENT and (gold := _gold(moderator, skip)) is not None:
        return gold
    if not only and secrets.randbelow(TURN):
        return None
    for one in _free(moderator, skip).filter(kind=Opinion.Kind.SECOND)[:TRIES]:
        if opinion_hold(opinion=one, moderator=moderator):
            return one.listing
    return None


def opinion_hold(*, opinion: Opinion, moderator: User) -> bool:
    """Hold it for this moderator, or longer; False if somebody else has it or answered."""
    now = timezone.now()
    # Conditional update: of two who are asked at once, the second one changes nothing.
    held = Opinion.objects.filter(pk=opinion.pk, action="").filter(
        Q(moderator=moderator) | Q(moderator=None) | Q(held_until__lte=now)
    )
    until = now + timedelta(seconds=settings.MODERATION_CLAIM_SECONDS)
    return held.update(moderator=moderator, held_until=until) == 1


def opinion_release(*, listing: Listing, moderator: User) -> None:
    """Ask somebody else, or nobody: a gold item that was not answered is forgotten."""
    mine = Opinion.objects.filter(listing=listing, moderator=moderator, action="")
    mine.filter(kind=Opinion.Kind.GOLD).delete()
    mine.update(moderator=None, held_until=None)


def opinion_answer(
    *, opinion: Opinion, moderator: User, answer: Answer, reason: str = "", around: Circumstances | None = None
) -> Decision:
    """Store an answer; returns a decision that is not stored, for the words on the page.

    No listing changes. Raises DecisionRefused, as a decision would, or DecisionLate.
    """
    around = around or Circumstances()
    first = opinion.first
    action, make, car_model = answer.action, answer.make, answer.car_model
    if action == Action.ACCEPT:
        make, car_model = first.stated_make, first.stated_model
    if action in NAMED and make is None and not first.stated_other:
        raise DecisionRefused(_("Choose a make first."))
    if action in {Action.REJECT, Action.CHANGES} and not (reason or around.templates):
        raise DecisionRefused(_("Say why, so that the seller can mend it."))
    said = label_of(action=action, make=make, car_model=car_model)
    # Conditional update: only while it is held by this moderator and not answered.
    stored = Opinion.objects.filter(pk=opinion.pk, moderator=moderator, action="").update(
        action=action, make=make, car_model=car_model, answered_at=timezone.now(),
        seconds=None if around.seconds is None else min(max(around.seconds, 0.0), SECONDS_MOST),
        agrees=None if action == Action.UNSURE else said == decision_label(first),
    )  # fmt: skip
    if stored != 1:
        raise DecisionLate(_("Somebody else has this listing by now. Your decision was not stored."))
    log.info("opinion_given", opinion=opinion.pk, kind=opinion.kind, moderator=moderator.pk)
    same = (make, car_model) == (first.stated_make, first.stated_model)
    return Decision(
        listing_code=first.listing_code, action=Action.ACCEPT if action in NAMED and same else action, make=make,
        car_model=car_model, stated_make=first.stated_make, stated_model=first.stated_model,
        stated_other=first.stated_other,
    )  # fmt: skip


def opinion_last(*, moderator: User) -> Opinion | None:
    """What this moderator answered last, while they can take it back."""
    since = timezone.now() - WITHDRAW_WITHIN
    own = Opinion.objects.filter(moderator=moderator, answered_at__gte=since, settled_by=None)
    return own.exclude(action="").select_related("listing", "first").order_by("-answered_at").first()


def opinion_withdraw(*, opinion: Opinion, moderator: User) -> None:
    """Take an answer back and ask the same moderator again. Raises DecisionLate."""
    until = timezone.now() + timedelta(seconds=settings.MODERATION_CLAIM_SECONDS)
    # Conditional: a third moderator may have decided since.
    mine = Opinion.objects.filter(pk=opinion.pk, moderator=moderator, settled_by=None).exclude(action="")
    if mine.update(
        action="", make=None, car_model=None, answered_at=None, seconds=None, agrees=None, held_until=until
    ) != 1:  # fmt: skip
        raise DecisionLate(_("This listing was decided again since then."))


def _free(moderator: User, skip: Collection[str]) -> QuerySet[Opinion]:
    free = askable().exclude(first__moderator=moderator).exclude(listing__seller=moderator)
    free = free.filter(Q(moderator=None) | Q(moderator=moderator) | Q(held_until__lte=timezone.now()))
    return free.exclude(listing__code__in=skip).select_related("listing")


def _gold(moderator: User, skip: Collection[str]) -> Listing | None:
    """A settled case that this moderator never said anything about."""
    cases = (
        settled()
        .exclude(listing__seller=moderator)
        .exclude(listing__code__in=skip)
        .exclude(listing__in=Decision.objects.filter(moderator=moderator, listing__isnull=False).values("listing"))
        .exclude(listing__in=Opinion.objects.filter(moderator=moderator).values("listing"))
    )
    number = cases.count()
    if not number:
        return None
    case = cases.select_related("listing").order_by("pk")[secrets.randbelow(number)]
    if case.listing is None:
        return None
    until = timezone.now() + timedelta(seconds=settings.MODERATION_CLAIM_SECONDS)
    try:
        with transaction.atomic():
            Opinion.objects.create(
                kind=Opinion.Kind.GOLD, listing=case.listing, first=case, moderator=moderator, held_until=until
            )
    except IntegrityError:
        return None  # the same moderator asked in two windows
    return case.listing
