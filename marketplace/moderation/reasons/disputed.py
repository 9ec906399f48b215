"""The reason that lies in two moderators who say different things."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import Listing
from marketplace.moderation.models import Decision, Opinion
from marketplace.moderation.reasons.registry import Reason, Values


def _open() -> Q:
    return Q(kind=Opinion.Kind.SECOND, agrees=False, settled_by=None, first__undone_by=None)


def _disputed(listing: Listing) -> Values | None:
    found = Opinion.objects.filter(_open(), listing=listing)
    one = found.select_related("first__make", "first__car_model", "make", "car_model").first()
    return {"first": one.first.car, "second": _said(one)} if one is not None else None


def _said(opinion: Opinion) -> str:
    if opinion.action not in {Decision.Action.ACCEPT, Decision.Action.CORRECT}:
        return gettext("not to be on sale")
    return " ".join(str(part) for part in (opinion.make, opinion.car_model) if part)


def _disputed_ones() -> Q:
    return Q(Exists(Opinion.objects.filter(_open(), listing=OuterRef("pk"))))


DISPUTED = Reason(
    "disputed", _("Two moderators disagree: %(first)s – %(second)s"), _disputed, warns=True, holds=False,
    first=_disputed_ones,
)  # fmt: skip
