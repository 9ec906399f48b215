"""Review of listings: what policy approves, who looks at what, and what moderators decide."""

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
from marketplace.listings.life.services import listing_ask_changes, listing_publish, listing_reject, listing_take_down
from marketplace.listings.life.steps import ListingRefused
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_identity_confirm, listing_identity_set
from marketplace.listings.verdicts import model_sure
from marketplace.moderation.copies import compared, copies_check_waiting
from marketplace.moderation.models import Claim, Decision
from marketplace.moderation.selectors import claimed_by_others, decision_last, queue, queue_seen
from marketplace.photos.models import Photo
from marketplace.photos.revisions import revision_apply, revision_refuse
from marketplace.registry.models import ModelVersion
from marketplace.texts import paragraphs_clean

log = structlog.get_logger(__name__)

Action = Decision.Action
SENT_BACK = (Action.REJECT, Action.CHANGES)
CLAIM_TRIES = 50
"""How many listings to try when other moderators claim them first."""


class DecisionRefused(Exception):
    """A decision that is late or incomplete; the message is for the moderator."""


def review_submitted() -> int:
    """Publish every waiting listing that leaves no doubt; returns how many.

    All its photos are recognised, the model with a confidence above the measured threshold; it is
    the make and model that the seller chose from the catalogue or confirmed; nothing contradicts
    it; every photo shows a car, and none is another seller's; no person ever sent the listing back,
    and no moderator has it open.
    """
    _claims_drop()
    copies_check_waiting()
    if not settings.MODERATION_AUTO_APPROVE:
        return 0
    # The threshold depends on the version that gave the verdict, so each listing is checked.
    waiting = (
        queue_seen()
        .filter(contradiction="", certainty__isnull=False, car_model__isnull=False)
        .exclude(pk__in=claimed_by_others(moderator=None).values("listing_id"))
        .exclude(decisions__action__in=SENT_BACK)
        .exclude(revises__decisions__action__in=SENT_BACK)
        .exclude(photos__kind=Photo.Kind.OTHER)
        .filter(pk__in=compared().values("pk"), copied_photos__isnull=True)
    )
    return sum(_review(listing.pk) for listing in waiting if _is_beyond_doubt(listing))


def _claims_drop() -> None:
    """Drop claims on listings that no longer wait: they would block the next submission."""
    Claim.objects.exclude(listing__status=Listing.Status.SUBMITTED).delete()


@transaction.atomic
def _review(listing_id: int) -> bool:
    # Read again under the lock: meanwhile a photo, an edit or a moderator may have come in.
    listing = (
        Listing.objects.select_for_update(of=("self",))
        .select_related("make", "car_model", "revises")
        .filter(pk=listing_id, pk__in=queue_seen().values("pk"))
        .first()
    )
    if listing is None or not _is_beyond_doubt(listing):
        return False
    if claimed_by_others(moderator=None).filter(listing=listing).exists():
        return False
    if Photo.objects.filter(listing=listing, kind=Photo.Kind.OTHER).exists():
        return False
    if not compared().filter(pk=listing.pk, copied_photos__isnull=True).exists():
        return False
    decision = _decision(listing, action=Action.AUTO, make=listing.make, car_model=listing.car_model)
    decision.save()
    try:
        _let_in(listing, by=None)
    except DecisionRefused:
        transaction.set_rollback(True)  # the decision, too
        return False
    log.info("listing_approved", listing=listing.code, certainty=listing.certainty)
    return True


def _is_beyond_doubt(listing: Listing) -> bool:
    """Whether the photos say confidently what the seller says."""
    if not {"make", "car_model"} <= set(listing.touched):
        return False  # filled in from the verdict, so of course it agrees with the verdict
    verdict = listing.verdict
    if not verdict or not verdict["model"] or listing.contradiction or listing.car_model is None:
        return False
    model = verdict["model"]
    if verdict["photos_used"] < 1 or not model_sure(verdict):
        return False
    seen = catalogue_resolve(make=model["make"], model=model["name"])
    return seen.car_model is not None and seen.car_model == listing.car_model and seen.make == listing.make


def queue_next(*, moderator: User, skip: Collection[str] = ()) -> Listing | None:
    """The waiting listing with the least certain verdict, claimed for this moderator.

    None if there is none. A listing that the moderator already holds comes first. skip: codes of
    listings to leave out.
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
    """Claim a waiting listing for this moderator, or extend their claim.

    False if another moderator holds it, or if it is their own listing. Until the claim ends, no
    model version looks at its photos again.
    """
    if listing.seller_id == moderator.pk:
        return False
    now = timezone.now()
    expires = now + timedelta(seconds=settings.MODERATION_CLAIM_SECONDS)
    # Whoever changes a verdict locks the listing and then looks for claims. With this lock the
    # verdict changes before the claim, or not at all.
    Listing.objects.select_for_update(of=("self",)).filter(pk=listing.pk).first()
    # Conditional update: only this moderator's claim, or an expired one. Of two who take over the
    # same expired claim at once, the second finds it fresh again and changes nothing.
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
        return False  # one claim per listing: another moderator's row came first
    return True


def claim_release(*, listing: Listing, moderator: User) -> None:
    """End this moderator's claim."""
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

    action: "accept" publishes the listing as the seller describes it, even in their own words.
    "correct" publishes it as `make` and `car_model` (None: the model cannot be told); naming what
    the seller said counts as "accept". "reject" returns it to the seller with `reason`; so does
    "changes", which asks for what `reason` says and expects it again. seen: when
    the listing was submitted that the moderator looked at (None: as in `listing`). Raises
    DecisionRefused.
    """
    rows = Listing.objects.select_for_update(of=("self",)).select_related("make", "car_model", "revises")
    row = rows.filter(pk=listing.pk).first()
    if row is None:
        raise DecisionRefused("The seller took this change back. Your decision was not stored.")
    if row.status != Listing.Status.SUBMITTED:
        raise DecisionRefused(_too_late(row))
    if row.submitted_at != (seen or listing.submitted_at):
        # Submitted again: car, price and photos may differ from what the moderator saw.
        raise DecisionRefused("The seller changed this listing meanwhile; look again.")
    if row.seller_id == moderator.pk:
        raise DecisionRefused("This is your own listing: somebody else has to review it.")
    other = claimed_by_others(moderator=moderator).filter(listing=row).select_related("moderator").first()
    if other is not None:
        raise DecisionRefused(f"{other.moderator} is looking at this listing right now. Your decision was not stored.")
    reason = paragraphs_clean(reason)
    if action in SENT_BACK:
        decision = _send_back(row, action=action, moderator=moderator, reason=reason)
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
        _let_in(row, by=moderator)
    else:
        raise DecisionRefused(f"There is no decision called {action!r}.")
    Claim.objects.filter(listing=row).delete()
    log.info("listing_decided", listing=row.code, action=action, moderator=moderator.pk)
    return decision


def _let_in(listing: Listing, *, by: User | None) -> None:
    """Publish a listing, or the change that it is of another one. Raises DecisionRefused."""
    if listing.revises_id is None:
        listing_publish(listing=listing, by=by)
        return
    Claim.objects.filter(listing=listing).delete()
    try:
        revision_apply(revision=listing, by=by)
    except ListingRefused as error:  # sold at this moment, for one
        raise DecisionRefused(str(error)) from error


def _send_back(row: Listing, *, action: str, moderator: User, reason: str) -> Decision:
    if not reason:
        raise DecisionRefused("Say why, so that the seller can mend it.")
    decision = _decision(row, action=action, moderator=moderator, make=None, car_model=None, reason=reason)
    decision.save()
    if action == Action.REJECT and row.revises_id is not None:
        Claim.objects.filter(listing=row).delete()
        revision_refuse(revision=row, by=moderator, reason=reason)
    elif action == Action.REJECT:
        listing_reject(listing=row, by=moderator, reason=reason)
    else:
        listing_ask_changes(listing=row, by=moderator, words=reason)
    return decision


@transaction.atomic
def listing_end(*, listing: Listing, moderator: User, reason: str) -> Decision:
    """Take an approved listing off the site because of a report. Raises DecisionRefused.

    The decision makes sure that policy alone never publishes it again.
    """
    row = Listing.objects.select_for_update(of=("self",)).select_related("make", "car_model").get(pk=listing.pk)
    reason = paragraphs_clean(reason)
    if not reason:
        raise DecisionRefused("Say why, so that the seller can mend it.")
    decision = _decision(row, action=Action.REJECT, moderator=moderator, make=None, car_model=None, reason=reason)
    decision.save()
    try:
        listing_take_down(listing=row, by=moderator, reason=reason)
    except ListingRefused as error:
        raise DecisionRefused(str(error)) from error
    log.info("listing_taken_down", listing=row.code, moderator=moderator.pk)
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
    # What is approved of a change is said of the listing that it changes, whose photos it labels. A
    # change that is sent back says nothing of that one.
    about = listing if action in SENT_BACK or listing.revises is None else listing.revises
    decision = Decision(
        listing=about,
        listing_code=about.code,
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
    what = {
        Action.REJECT.value: "rejected this listing", Action.CHANGES.value: "asked the seller for changes"
    }.get(last.action) or f"approved this listing as {last.car}"  # fmt: skip
    return f"Too late: {who} {what} at {last.created_at:%H:%M} UTC. Your decision was not stored."
