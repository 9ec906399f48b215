"""A policy's rules as a function of what is known of a listing: the same for live use and for the
simulator."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from marketplace.moderation.policy.models import PolicyVersion


@dataclass(frozen=True)
class Case:
    """What the rules look at."""

    agrees: bool
    """Whether the photos' likeliest model is the listing's."""
    sure: bool
    """Whether they are surer of it than the threshold measured for the target error."""
    confidence: float
    make_id: int | None
    named: bool
    """Whether the seller named the car, rather than the photos."""
    seller_cars: int
    reasons: frozenset[str]


@dataclass(frozen=True)
class Rules:
    """A PolicyVersion, saved or not."""

    active: bool = True
    threshold: float = 0.0
    filled_threshold: float | None = None
    seller_cars: int = 1
    hold_on: frozenset[str] = frozenset()
    makes: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, policy: PolicyVersion) -> "Rules":
        makes = {one.make.now.pk: one.threshold for one in policy.makes.all()} if policy.pk else {}
        return cls(
            active=policy.active,
            threshold=policy.threshold or 0.0,
            filled_threshold=policy.filled_threshold,
            seller_cars=policy.seller_cars,
            hold_on=frozenset(policy.hold_on),
            makes=makes,
        )

    def approve(self, case: Case) -> bool:
        """Whether a listing goes live without a person."""
        if not (self.active and case.agrees and case.sure):
            return False
        least = max(self.threshold, self.makes.get(case.make_id or 0, 0.0))
        if not case.named:
            # Filled in from the verdict, so of course it agrees with the verdict.
            if self.filled_threshold is None:
                return False
            least = max(least, self.filled_threshold)
        if case.confidence < least:
            return False
        held = set(self.hold_on) - {"new_seller"}
        new = "new_seller" in self.hold_on and case.seller_cars < self.seller_cars
        return not new and not held & case.reasons
