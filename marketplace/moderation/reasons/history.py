"""Reasons that lie in what happened to a listing before."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import Listing, StatusChange
from marketplace.moderation.models import Audit, Decision
from marketplace.moderation.reasons.registry import Reason, Values

SENT_BACK = (Decision.Action.REJECT, Decision.Action.CHANGES, Decision.Action.DOWN)


def _appeal(listing: Listing) -> Values | None:
    change = StatusChange.objects.filter(listing=listing, step=StatusChange.Step.APPEAL).last()
    return {"words": change.words} if change is not None and listing.status == Listing.Status.SUBMITTED else None


def _appeals() -> Q:
    # Its last step, so that a listing that comes in later on its own comes in its turn.
    appeals = StatusChange.objects.filter(listing=OuterRef("pk"), step=StatusChange.Step.APPEAL)
    return Q(Exists(appeals.filter(at__gte=OuterRef("submitted_at"))))


def _changed_live(listing: Listing) -> Values | None:
    if listing.status != Listing.Status.SUBMITTED:
        return None
    if listing.revises_id is not None:
        return {}
    published = StatusChange.objects.filter(listing=listing, step=StatusChange.Step.PUBLISH).last()
    if published is None:
        return None
    later = StatusChange.objects.filter(listing=listing, pk__gt=published.pk)
    # A decision that was undone, and a listing that was taken down, were not changed by the seller.
    others = (StatusChange.Step.UNDO_REVIEW, StatusChange.Step.APPEAL, StatusChange.Step.LIFT)
    last = later.filter(after=Listing.Status.SUBMITTED).last()
    return {} if last is not None and last.step not in others else None


def _sent_back(listing: Listing) -> Values | None:
    about = [key for key in (listing.pk, listing.revises_id) if key is not None]
    decisions = Decision.objects.filter(listing__in=about, action__in=SENT_BACK, undone_by=None)
    times = decisions.count()
    return {"times": times} if times else None


def _second_look(listing: Listing) -> Values | None:
    unsure = Decision.objects.filter(listing=listing, action=Decision.Action.UNSURE, undone_by=None)
    if listing.submitted_at is not None:
        unsure = unsure.filter(created_at__gte=listing.submitted_at)
    people = unsure.values("moderator").distinct().count()
    return {"people": people} if people else None


def _audit(listing: Listing) -> Values | None:
    return {} if Audit.objects.filter(listing=listing, answer=None).exists() else None


APPEAL = Reason("appeal", _("The seller appeals: “%(words)s”"), _appeal, holds=False, first=_appeals)
CHANGED_LIVE = Reason("changed_live", _("Changed after it had been on sale"), _changed_live, by_default=False)
BEFORE = Reason("sent_back", _("Sent back before: %(times)s×"), _sent_back)
SECOND_LOOK = Reason("second_look", _("Moderators who could not tell: %(people)s"), _second_look)
AUDIT = Reason("audit", _("Drawn at random from what went live by itself"), _audit, holds=False)
