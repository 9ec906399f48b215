"""How a decision is written down, with its circumstances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.models import Listing
from marketplace.moderation.models import Decision, PolicyVersion
from marketplace.moderation.reasons import reasons_of
from marketplace.moderation.reasons.seller import cars_approved
from marketplace.moderation.roles import role_of
from marketplace.registry.models import ModelVersion

Action = Decision.Action

IDENTITY = ("other_make", "other_model", "touched", "autofilled", "contradicts")
"""What a decision about the car replaces besides make and model."""
APPROVING = (Action.ACCEPT, Action.CORRECT, Action.AUTO)
SECONDS_MOST = 3600.0
"""Whoever took longer was somewhere else."""


class DecisionRefused(Exception):
    """A decision that is incomplete or not possible; the message is for the moderator."""


class DecisionLate(DecisionRefused):
    """Somebody, or the listing, was faster; the message says what happened."""


@dataclass(frozen=True)
class Circumstances:
    """What comes with a decision besides the decision."""

    templates: Sequence[str] = ()
    """Codes of the templates whose words are sent."""
    seconds: float | None = None
    """How long the moderator looked at it, as the page says."""
    batch: UUID | None = None
    """Of decisions that are made, and undone, at once."""
    audit: bool = False
    policy: PolicyVersion | None = None


def decision_record(
    listing: Listing,
    *,
    action: str,
    moderator: User | None = None,
    make: Make | None = None,
    car_model: CarModel | None = None,
    reason: str = "",
    undoes: Decision | None = None,
    around: Circumstances | None = None,
) -> Decision:
    """Store a decision about a listing, as the listing is before it is carried out."""
    around = around or Circumstances()
    verdict = listing.verdict
    version = ModelVersion.objects.filter(version=verdict["version"]).first() if verdict else None
    # What is approved of a change is said of the listing that it changes, whose photos it labels. A
    # change that is sent back says nothing of that one.
    about = listing.revises if listing.revises is not None and action in APPROVING else listing
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
        templates=list(around.templates),
        role=role_of(moderator),
        seconds=None if around.seconds is None else min(max(around.seconds, 0.0), SECONDS_MOST),
        reasons=[found.stored for found in reasons_of(listing)],
        facts={"named": {"make", "car_model"} <= set(listing.touched), "seller_cars": cars_approved(listing)},
        # An approved change takes the place of the whole listing: there is no way back.
        before={name: getattr(listing, name) for name in IDENTITY} if about == listing else None,
        policy=around.policy,
        audit=around.audit,
        undoes=undoes,
        batch=around.batch,
    )
    decision.full_clean()
    decision.save()
    return decision


def restore_values(decision: Decision) -> dict[str, Any]:
    """The columns of a listing that a decision about its car replaced, as they were before."""
    before = decision.before or {}
    make, car_model = decision.stated_make, decision.stated_model
    # Merged meanwhile: what was stated is the other one now.
    values: dict[str, Any] = {"make": make and make.now, "car_model": car_model and car_model.now}
    return values | {name: before[name] for name in IDENTITY if name in before}
