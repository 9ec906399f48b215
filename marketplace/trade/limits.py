"""How often somebody may do something. The counts hold across all processes of the site."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from marketplace.photos.intake.callers import address_of, network_of
from marketplace.trade.models import Tally

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEEP = timedelta(days=2)


@dataclass(frozen=True)
class Limit:
    """At most ``most`` times in each span of time; spans begin at full hours or days (UTC)."""

    what: str
    most: int
    span: timedelta


MESSAGES = (Limit("messages-hour", 60, HOUR), Limit("messages-day", 300, DAY))
FIRST_MESSAGES = (Limit("first-hour", 15, HOUR), Limit("first-day", 40, DAY))
OFFERS = (Limit("offers-hour", 20, HOUR),)
REPORTS = (Limit("reports-hour", 10, HOUR), Limit("reports-day", 30, DAY))
SEARCHES = (Limit("searches-day", 50, DAY),)


def tally_take(*, who: str, limits: tuple[Limit, ...]) -> bool:
    """Count one more for ``who``; False, and counted nowhere, if that is one too many."""
    with transaction.atomic():
        taken = all(_take(who, limit) for limit in limits)
        if not taken:
            transaction.set_rollback(True)
    return taken


def person_key(person_id: int) -> str:
    return f"user:{person_id}"


def address_key(request: HttpRequest) -> str:
    """A visitor's address, hashed: it is only to be recognised, and for two days at most."""
    network = network_of(address_of(request))
    return f"address:{salted_hmac('marketplace.trade.limits', network).hexdigest()[:32]}"


def tallies_tidy() -> int:
    """Forget old counts; returns how many rows."""
    return Tally.objects.filter(begins_at__lt=timezone.now() - KEEP).delete()[0]


def _take(who: str, limit: Limit) -> bool:
    now = timezone.now()
    seconds = limit.span.total_seconds()
    begins_at = datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)
    same = Tally.objects.filter(who=who, what=limit.what, begins_at=begins_at)
    if _count(same, limit):
        return True
    try:
        with transaction.atomic():
            Tally.objects.create(who=who, what=limit.what, begins_at=begins_at, count=1)
    except IntegrityError:
        # The row is there: full, or begun by another process since the first look.
        return _count(same, limit)
    return True


def _count(same: QuerySet[Tally], limit: Limit) -> bool:
    # A conditional update: of two at once that would be the last, the database lets one through.
    return same.filter(count__lt=limit.most).update(count=F("count") + 1) == 1
