"""What the policy lets live by itself, and which of it a person checks afterwards."""

import secrets

import structlog
from django.conf import settings
from django.db import transaction

from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.models import Listing
from marketplace.listings.verdicts import model_sure
from marketplace.moderation.copies import compared, copies_check_waiting
from marketplace.moderation.decisions.letting_in import let_in
from marketplace.moderation.decisions.records import Circumstances, DecisionRefused, decision_record
from marketplace.moderation.models import Audit, Claim, Decision, PolicyVersion
from marketplace.moderation.policy.rules import Case, Rules
from marketplace.moderation.reasons import HOLD_BY_DEFAULT, reasons_of
from marketplace.moderation.reasons.seller import cars_approved
from marketplace.moderation.selectors import claimed_by_others, queue_seen, waiting
from marketplace.photos.models import Photo

log = structlog.get_logger(__name__)

SHARES = 1_000_000


def policy_current() -> PolicyVersion:
    """The newest policy; without any, an unsaved one with the defaults."""
    return PolicyVersion.objects.prefetch_related("makes").first() or PolicyVersion(hold_on=list(HOLD_BY_DEFAULT))


def review_submitted() -> int:
    """Publish every waiting listing that leaves no doubt; returns how many.

    All its photos are recognised, the model with a confidence above the measured threshold and the
    policy's; it is the make and model of the listing; none of the policy's reasons to hold it back
    applies; every photo shows a car, and none is another seller's; and no moderator has it open.
    """
    _claims_drop()
    copies_check_waiting()
    policy = policy_current()
    if not settings.MODERATION_AUTO_APPROVE or not policy.active:
        return 0
    rules = Rules.of(policy)
    # The threshold depends on the version that gave the verdict, so each listing is checked.
    candidates = (
        queue_seen()
        .filter(status=Listing.Status.SUBMITTED, contradicts__isnull=True)
        .filter(certainty__isnull=False, car_model__isnull=False)
        .exclude(pk__in=claimed_by_others(moderator=None).values("listing_id"))
        .exclude(photos__kind=Photo.Kind.OTHER)
        .filter(pk__in=compared().values("pk"), copied_photos__isnull=True)
    )
    return sum(_review(listing.pk, policy, rules) for listing in candidates if rules.approve(case_of(listing)))


def case_of(listing: Listing) -> Case:
    """What the rules look at."""
    verdict = listing.verdict
    model = (verdict or {}).get("model")
    seen = catalogue_resolve(make=model["make"], model=model["name"]) if model else None
    agrees = seen is not None and seen.car_model is not None and seen.car_model == listing.car_model
    return Case(
        agrees=agrees and seen is not None and seen.make == listing.make,
        sure=bool(verdict and verdict["photos_used"] >= 1 and model and model_sure(verdict)),
        confidence=float(model["confidence"]) if model else 0.0,
        make_id=listing.make_id,
        named={"make", "car_model"} <= set(listing.touched),
        seller_cars=cars_approved(listing),
        reasons=frozenset(found.code for found in reasons_of(listing)),
    )


def _claims_drop() -> None:
    """Drop claims on listings that no longer wait: they would block the next submission."""
    Claim.objects.exclude(listing__in=waiting().values("pk")).delete()


@transaction.atomic
def _review(listing_id: int, policy: PolicyVersion, rules: Rules) -> bool:
    # Read again under the lock: meanwhile a photo, an edit or a moderator may have come in.
    listing = (
        Listing.objects.select_for_update(of=("self",))
        .select_related("make", "car_model", "seller", "revises")
        .filter(pk=listing_id, status=Listing.Status.SUBMITTED, pk__in=queue_seen().values("pk"))
        .first()
    )
    if listing is None or not rules.approve(case_of(listing)):
        return False
    if claimed_by_others(moderator=None).filter(listing=listing).exists():
        return False
    if Photo.objects.filter(listing=listing, kind=Photo.Kind.OTHER).exists():
        return False
    if not compared().filter(pk=listing.pk, copied_photos__isnull=True).exists():
        return False
    around = Circumstances(policy=policy if policy.pk else None)
    decision = decision_record(
        listing, action=Decision.Action.AUTO, make=listing.make, car_model=listing.car_model, around=around
    )
    try:
        let_in(listing, by=None)
    except DecisionRefused:
        transaction.set_rollback(True)  # the decision, too
        return False
    # Uniform, whatever the listing is like: else the sample's error rate says nothing of the rest.
    if secrets.randbelow(SHARES) < policy.audit_share * SHARES:
        Audit.objects.create(listing=listing.revises or listing, approval=decision)
    log.info("listing_approved", listing=listing.code, certainty=listing.certainty, policy=policy.pk)
    return True
