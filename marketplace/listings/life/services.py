"""The steps of a listing's life, one service each. What leads where: ``steps``."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.doorbell import ring_on_commit
from marketplace.listings.life.mails import TRUE_WHILE, Kind, mail_queue
from marketplace.listings.life.prices import price_note
from marketplace.listings.life.steps import (
    KEEP_DELETED,
    OFFERED,
    ON_SALE,
    PAUSED,
    ListingRefused,
    Status,
    Step,
    step_take,
)
from marketplace.listings.models import GoneListing, Listing, StatusChange
from marketplace.listings.services import REVIEW_SUBMITTED
from marketplace.texts import paragraphs_clean

log = structlog.get_logger(__name__)

REMIND_BEFORE = timedelta(days=7)
AT_ONCE = 500
"""How many listings one sweep expires, reminds of or removes at most; the next one goes on."""


@transaction.atomic
def listing_take_back(*, listing: Listing, by: User) -> None:
    """The seller takes it out of the review, to go on writing."""
    step_take(listing=listing, step=Step.TAKE_BACK, by=by)
    ring_on_commit(REVIEW_SUBMITTED)  # a moderator may have claimed it: the review task releases it


@transaction.atomic
def listing_publish(*, listing: Listing, by: User | None) -> None:
    """End the review: the listing is public. by: the moderator, None for policy."""
    step_take(listing=listing, step=Step.PUBLISH, by=by)
    price_note(listing=listing)
    listing.save(update_fields=["price_before", "price_lowered_at"])
    mail_queue(listing=listing, kind=Kind.LIVE)


@transaction.atomic
def listing_ask_changes(*, listing: Listing, by: User, words: str) -> None:
    """End the review: the seller is to change what the words say, and hands it in again."""
    step_take(listing=listing, step=Step.ASK_CHANGES, by=by, words=words, reject_reason=words)
    mail_queue(listing=listing, kind=Kind.CHANGES, words=words)


@transaction.atomic
def listing_reject(*, listing: Listing, by: User, reason: str) -> None:
    """End the review: the listing returns to the seller with a reason, and can be edited."""
    step_take(listing=listing, step=Step.REJECT, by=by, words=reason, reject_reason=reason)
    mail_queue(listing=listing, kind=Kind.REJECTED, words=reason)


@transaction.atomic
def listing_review_undo(*, listing: Listing, by: User) -> None:
    """A moderator takes back what they decided: the listing waits for review again."""
    step_take(listing=listing, step=Step.UNDO_REVIEW, by=by, published_at=None, reject_reason="")


@transaction.atomic
def listing_take_down(*, listing: Listing, by: User, reason: str) -> None:
    """A moderator takes a listing off the site; its seller reads why, and may appeal once."""
    step_take(listing=listing, step=Step.TAKE_DOWN, by=by, words=reason, reject_reason=reason)
    mail_queue(listing=listing, kind=Kind.REMOVED, words=reason)


@transaction.atomic
def listing_reinstate(*, listing: Listing, by: User) -> None:
    """Undo ``listing_take_down``: the listing is where it was before."""
    step_take(listing=listing, step=Step.REINSTATE, by=by, reject_reason="")
    if listing.status in TRUE_WHILE[Kind.BACK]:
        mail_queue(listing=listing, kind=Kind.BACK)


@transaction.atomic
def listing_appeal(*, listing: Listing, by: User, words: str) -> None:
    """The seller says why a listing should come back; another moderator looks at it.

    Once for each listing. Raises ListingRefused.
    """
    words = paragraphs_clean(words)
    if not words:
        raise ListingRefused(_("Say why it should come back."))
    row = Listing.objects.select_for_update(of=("self",)).get(pk=listing.pk)
    if not appeal_open(listing=row):
        raise ListingRefused(_("This listing cannot be appealed: that is possible once, after it was taken down."))
    step_take(listing=listing, step=Step.APPEAL, by=by, words=words)
    ring_on_commit(REVIEW_SUBMITTED)


def appeal_open(*, listing: Listing) -> bool:
    """Whether its seller may appeal: it was taken down itself, not with the account, and never
    appealed."""
    last = StatusChange.objects.filter(listing=listing).last()
    if listing.status != Status.TAKEN_DOWN or (last is not None and last.step == Step.SUSPEND):
        return False
    return not StatusChange.objects.filter(listing=listing, step=Step.APPEAL).exists()


@transaction.atomic
def listings_suspend(*, seller: User, by: User, reason: str) -> int:
    """All that a seller offers leaves the site at once; returns how many listings."""
    offered = Listing.objects.filter(seller=seller, status__in=OFFERED | PAUSED).order_by("pk")
    listings = list(offered.select_for_update(of=("self",)))
    for listing in listings:
        step_take(listing=listing, step=Step.SUSPEND, by=by, words=reason, reject_reason=reason)
    if listings:
        mail_queue(listing=listings[-1], kind=Kind.SUSPENDED, words=reason)
    return len(listings)


@transaction.atomic
def listings_lift(*, seller: User, by: User) -> int:
    """Undo ``listings_suspend`` for what it took down; returns how many listings."""
    down = Listing.objects.filter(seller=seller, status=Status.TAKEN_DOWN).order_by("pk")
    back = [one for one in down.select_for_update(of=("self",)) if _last_step(one) == Step.SUSPEND]
    for listing in back:
        step_take(listing=listing, step=Step.LIFT, by=by, reject_reason="")
    if back:
        ring_on_commit(REVIEW_SUBMITTED)
    return len(back)


def _last_step(listing: Listing) -> str:
    last = StatusChange.objects.filter(listing=listing).last()
    return last.step if last is not None else ""


def listing_reserve(*, listing: Listing, by: User) -> None:
    """The seller promised the car to somebody; it stays visible, marked as reserved."""
    step_take(listing=listing, step=Step.RESERVE, by=by)


def listing_unreserve(*, listing: Listing, by: User) -> None:
    """The promise came to nothing."""
    step_take(listing=listing, step=Step.UNRESERVE, by=by)


def listing_sell(*, listing: Listing, by: User) -> None:
    """The seller marks the car as sold."""
    step_take(listing=listing, step=Step.SELL, by=by)


def listing_unsell(*, listing: Listing, by: User) -> None:
    """It was not sold after all: on sale again, reserved if it was."""
    step_take(listing=listing, step=Step.UNSELL, by=by)


def listing_withdraw(*, listing: Listing, by: User) -> None:
    """The seller hides the listing for a while, without a new review."""
    step_take(listing=listing, step=Step.WITHDRAW, by=by)


def listing_put_back(*, listing: Listing, by: User) -> None:
    """Undo ``listing_withdraw``."""
    step_take(listing=listing, step=Step.PUT_BACK, by=by)


def listing_renew(*, listing: Listing, by: User) -> None:
    """Another 60 days from now; what had expired is on sale again."""
    step_take(listing=listing, step=Step.RENEW, by=by)


def listing_delete(*, listing: Listing, by: User) -> None:
    """Hide a listing that is neither on sale nor under review; 14 days later it is removed."""
    step_take(listing=listing, step=Step.DELETE, by=by)


def listing_restore(*, listing: Listing, by: User) -> None:
    """Undo ``listing_delete``. Raises ListingRefused after 14 days, or if it is removed already."""
    if listing.deleted_at is not None and timezone.now() - listing.deleted_at > KEEP_DELETED:
        raise ListingRefused(_("This listing was deleted too long ago to bring it back."))
    step_take(listing=listing, step=Step.RESTORE, by=by)


def listings_sweep() -> dict[str, int]:
    """Expire, remind of and remove what is due; returns how many of each. Safe to run twice."""
    counts = {"expired": listings_expire(), "reminded": listings_remind(), "removed": listings_remove()}
    if any(counts.values()):
        log.info("listings_swept", **counts)
    return counts


def listings_expire() -> int:
    """End the term of what has been on sale for 60 days without being renewed."""
    due = Listing.objects.filter(status__in=ON_SALE, expires_at__lte=timezone.now())
    return sum(_expire(pk) for pk in due.order_by("expires_at").values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _expire(pk: int) -> bool:
    # Read again under the lock: its seller may just have renewed or sold it.
    row = Listing.objects.select_for_update().filter(pk=pk, status__in=ON_SALE, expires_at__lte=timezone.now()).first()
    if row is None:
        return False
    step_take(listing=row, step=Step.EXPIRE, by=None)
    return True


def listings_remind() -> int:
    """Tell sellers, once a term, that it ends within a week."""
    now = timezone.now()
    due = Listing.objects.filter(status__in=ON_SALE, expires_at__gt=now, expires_at__lte=now + REMIND_BEFORE)
    waiting = due.filter(reminded_at=None)
    return sum(_remind(pk) for pk in waiting.order_by("expires_at").values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _remind(pk: int) -> bool:
    now = timezone.now()
    # Conditional update: of two sweeps one reminds, and none of what was just renewed.
    due = Listing.objects.filter(pk=pk, status__in=ON_SALE, reminded_at=None, expires_at__lte=now + REMIND_BEFORE)
    if due.update(reminded_at=now) != 1:
        return False
    mail_queue(listing=Listing.objects.get(pk=pk), kind=Kind.EXPIRING)
    return True


def listings_remove() -> int:
    """Remove what was deleted more than 14 days ago, with its photos.

    Their files have no row any more then, and are removed by photos_tidy.
    """
    due = Listing.objects.filter(status=Status.DELETED, deleted_at__lt=timezone.now() - KEEP_DELETED)
    return sum(_remove(pk) for pk in due.order_by("deleted_at").values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def _remove(pk: int) -> bool:
    # Lock the listing before its photos are deleted. A worker that finishes one of them at the same
    # time takes its locks in this order as well.
    row = Listing.objects.select_for_update().filter(pk=pk, status=Status.DELETED).first()
    if row is None:
        return False  # undone at the last moment, or removed by another sweep
    listings_note_gone([row])
    row.delete()
    return True


def listings_note_gone(listings: Iterable[Listing]) -> None:
    """Keep the addresses of what was public, so that they can say that it is gone (410)."""
    GoneListing.objects.bulk_create(
        (
            GoneListing(code=row.code, make_id=row.make_id, car_model_id=row.car_model_id)
            for row in listings
            if row.published_at is not None
        ),
        ignore_conflicts=True,
    )
