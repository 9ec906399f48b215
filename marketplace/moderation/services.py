"""Review: what policy may approve by itself, who looks at what, and what a moderator decides."""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.models import Listing
from marketplace.listings.services import (
    listing_identity_confirm,
    listing_identity_set,
    listing_publish,
    listing_reject,
)
from marketplace.moderation.models import Claim, Decision
from marketplace.moderation.selectors import claimed_by_others, decision_last, queue, queue_seen
from marketplace.registry.models import ModelVersion
from marketplace.texts import paragraphs_clean

log = structlog.get_logger(__name__)

Action = Decision.Action
CLAIM_TRIES = 50  # listings that other moderators took between our reading the queue and our claim


class DecisionRefused(Exception):
    """A decision that came too late or says too little; the message is for the moderator."""


def review_submitted() -> int:
    """Publish every waiting listing about which there is nothing to ask; returns how many.

    That is: every photo seen by the machine, the model recognised above its measured threshold, the same make and model
    that the seller chose from the catalogue or confirmed, no contradiction, never rejected by a person, and nobody is
    looking at it now.
    """
    _claims_drop()
    if not settings.MODERATION_AUTO_APPROVE:
        return 0
    # Certainty is not compared here: the threshold belongs to the version that gave the verdict.
    waiting = (
        queue_seen()
        .filter(contradiction="", certainty__isnull=False, car_model__isnull=False)
        .exclude(pk__in=claimed_by_others(moderator=None).values("listing_id"))
        .exclude(decisions__action=Action.REJECT)
    )
    return sum(_review(listing.pk) for listing in waiting if _is_beyond_doubt(listing))


def _claims_drop() -> None:
    """Let go of what no longer waits: a claim on what its seller took back would hold up what is handed in next."""
    Claim.objects.exclude(listing__status=Listing.Status.SUBMITTED).delete()


@transaction.atomic
def _review(listing_id: int) -> bool:
    # Read again under the lock: a photo, an edit or a moderator may have come in between.
    listing = (
        Listing.objects.select_for_update(of=("self",))
        .select_related("make", "car_model")
        .filter(pk=listing_id, pk__in=queue_seen().values("pk"))
        .first()
    )
    if listing is None or not _is_beyond_doubt(listing):
        return False
    if claimed_by_others(moderator=None).filter(listing=listing).exists():
        return False
    decision = _decision(listing, action=Action.AUTO, make=listing.make, car_model=listing.car_model)
    decision.save()
    listing_publish(listing=listing)
    log.info("listing_approved", listing=listing.code, certainty=listing.certainty)
    return True


def _is_beyond_doubt(listing: Listing) -> bool:
    """Whether the photos say with confidence exactly what the seller says."""
    if not {"make", "car_model"} <= set(listing.touched):
        return False  # filled in from the verdict: comparing the two would ask the machine whether it is right
    verdict = listing.verdict
    if not verdict or not verdict["model"] or listing.contradiction or listing.car_model is None:
        return False
    model = verdict["model"]
    if verdict["photos_used"] < 1 or model["confidence"] < verdict["thresholds"]["model"]:
        return False
    seen = catalogue_resolve(make=model["make"], model=model["name"])
    return seen.car_model is not None and seen.car_model == listing.car_model and seen.make == listing.make


def queue_next(*, moderator: User, skip: Collection[str] = ()) -> Listing | None:
    """The waiting listing that the machine is least sure of, claimed for this moderator; None if there is none.

    Whatever the moderator already holds comes first. ``skip``: codes not wanted now.
    """
    free = (
        queue()
        .exclude(seller=moderator)  # nobody reviews what they sell
        .exclude(code__in=skip)
        .exclude(pk__in=claimed_by_others(moderator=moderator).values("listing_id"))
    )
    held = free.filter(claim__moderator=moderator, claim__expires_at__gt=timezone.now()).first()
    if held is not None and listing_claim(listing=held, moderator=moderator):
        return held
    return next((one for one in free[:CLAIM_TRIES] if listing_claim(listing=one, moderator=moderator)), None)


@transaction.atomic
def listing_claim(*, listing: Listing, moderator: User) -> bool:
    """Hold a waiting listing for this moderator, or hold it for longer; False if somebody else has it, or sells it.

    Until the claim ends, no model version looks at its photos again.
    """
    if listing.seller_id == moderator.pk:
        return False
    now = timezone.now()
    expires = now + timedelta(seconds=settings.MODERATION_CLAIM_SECONDS)
    # Locked, as whoever gives a listing another verdict locks it and then asks for claims: it is changed before this
    # claim, or after it not at all.
    Listing.objects.select_for_update(of=("self",)).filter(pk=listing.pk).first()
    # Conditional update: mine, or left behind by somebody whose time is over. Of two who take over the same stale claim
    # at once, the second finds it fresh again and changes nothing.
    taken = (
        Claim.objects.filter(listing=listing)
        .filter(Q(moderator=moderator) | Q(expires_at__lte=now))
        .update(moderator=moderator, expires_at=expires)
    )
    if taken:
        return True
    try:
        with transaction.atomic():
            Claim.objects.create(listing=listing, moderator=moderator, expires_at=expires)
    except IntegrityError:
        return False  # one claim per listing: somebody else's row got in first
    return True


def claim_release(*, listing: Listing, moderator: User) -> None:
    """Let somebody else have it."""
    Claim.objects.filter(listing=listing, moderator=moderator).delete()


@transaction.atomic
def decision_make(
    *,
    listing: Listing,
    moderator: User,
    action: str,
    make: Make | None = None,
    car_model: CarModel | None = None,
    reason: str = "",
    seen: datetime | None = None,
) -> Decision:
    """Record a moderator's decision and carry it out, in one transaction.

    ``accept``: the seller is right, also in their own words, and the listing goes live. ``correct``: it is ``make`` and
    ``car_model`` (None: the model cannot be told), and it goes live as that; naming what the seller said is an
    acceptance. ``reject``: back to the seller with ``reason``. ``seen``: when that was handed in which the moderator
    looked at (None: ``listing`` is what they looked at). Raises DecisionRefused.
    """
    row = Listing.objects.select_for_update(of=("self",)).select_related("make", "car_model").get(pk=listing.pk)
    if row.status != Listing.Status.SUBMITTED:
        raise DecisionRefused(_too_late(row))
    if row.submitted_at != (seen or listing.submitted_at):
        # Taken back and handed in again: car, price and photos may all be others than on the moderator's page.
        raise DecisionRefused("The seller changed this listing meanwhile; look again.")
    if row.seller_id == moderator.pk:
        raise DecisionRefused("This is your own listing: somebody else has to review it.")
    other = claimed_by_others(moderator=moderator).filter(listing=row).select_related("moderator").first()
    if other is not None:
        raise DecisionRefused(f"{other.moderator} is looking at this listing right now. Your decision was not stored.")
    reason = paragraphs_clean(reason)
    if action == Action.REJECT:
        if not reason:
            raise DecisionRefused("Say why, so that the seller can mend it.")
        decision = _decision(row, action=action, moderator=moderator, make=None, car_model=None, reason=reason)
        decision.save()
        listing_reject(listing=row, reason=reason)
    elif action in {Action.ACCEPT, Action.CORRECT}:
        if action == Action.CORRECT and not row.unlisted and (make, car_model) == (row.make, row.car_model):
            action = Action.ACCEPT
        if action == Action.ACCEPT:
            make, car_model = row.make, row.car_model
        _check_car(row, action=action, make=make, car_model=car_model)
        decision = _decision(row, action=action, moderator=moderator, make=make, car_model=car_model, reason=reason)
        decision.save()
        if action == Action.ACCEPT or make is None:
            listing_identity_confirm(listing=row)
        else:
            listing_identity_set(listing=row, make=make, car_model=car_model)
        listing_publish(listing=row)
    else:
        raise DecisionRefused(f"There is no decision called {action!r}.")
    Claim.objects.filter(listing=row).delete()
    log.info("listing_decided", listing=row.code, action=action, moderator=moderator.pk)
    return decision


def _check_car(row: Listing, *, action: str, make: Make | None, car_model: CarModel | None) -> None:
    if make is None and not (action == Action.ACCEPT and row.other_make):
        raise DecisionRefused("Choose a make first.")
    if car_model is not None and (make is None or car_model.make_id != make.pk):
        raise DecisionRefused(f"{car_model} is not a model of {make}.")


def _decision(
    listing: Listing,
    *,
    action: str,
    make: Make | None,
    car_model: CarModel | None,
    moderator: User | None = None,
    reason: str = "",
) -> Decision:
    verdict = listing.verdict
    version = ModelVersion.objects.filter(version=verdict["version"]).first() if verdict else None
    decision = Decision(
        listing=listing,
        listing_code=listing.code,
        moderator=moderator,
        action=action,
        predicted=verdict,
        model_version=version,
        stated_make=listing.make,
        stated_model=listing.car_model,
        stated_other=listing.unlisted,
        make=make,
        car_model=car_model,
        reason=reason,
    )
    decision.full_clean()
    return decision


def _too_late(listing: Listing) -> str:
    last = decision_last(listing=listing)
    if last is None or listing.status == Listing.Status.DRAFT:
        status = listing.get_status_display()
        return f"The seller took this listing back (it is {status}). Your decision was not stored."
    who = str(last.moderator) if last.moderator else "the policy"
    what = "rejected this listing"
    if last.action != Action.REJECT:
        what = f"approved this listing as {last.car}"
    return f"Too late: {who} {what} at {last.created_at:%H:%M} UTC. Your decision was not stored."
