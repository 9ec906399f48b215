"""Reasons that lie in what other people say of a listing."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import Listing
from marketplace.moderation.reasons.registry import Reason, Values
from marketplace.trade.models import Report


def _reported(listing: Listing) -> Values | None:
    times = Report.objects.filter(listing=listing, status=Report.Status.OPEN).count()
    return {"times": times} if times else None


def _reported_ones() -> Q:
    return Q(Exists(Report.objects.filter(listing=OuterRef("pk"), status=Report.Status.OPEN)))


REPORTED = Reason("reported", _("Reported: %(times)s×"), _reported, warns=True, first=_reported_ones)
