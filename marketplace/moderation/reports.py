"""What people reported: which comes next, and what a moderator does about it."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.moderation.decisions.records import DecisionRefused
from marketplace.moderation.decisions.removal import take_down
from marketplace.trade.models import Message, Report, Side
from marketplace.trade.reports.services import message_remove, reports_about, reports_settle, writing_ban

AROUND = 5
"""How many messages before and after a reported one a moderator reads."""
WORDS = {
    "keep": _("Nothing wrong"),
    "take_down": _("Take it off the site"),
    "remove": _("Remove the message"),
    "ban": _("Remove it, and this person writes no more"),
}
"""What can be done."""


def reports_open() -> QuerySet[Report]:
    """Reports that wait, the oldest first."""
    return Report.objects.filter(status=Report.Status.OPEN).order_by("created_at", "pk")


def reports_recent() -> QuerySet[Report]:
    """Every report, the newest first, with all that a list shows of it."""
    return Report.objects.select_related(
        "listing__make", "listing__car_model", "message__thread", "reporter", "moderator"
    ).order_by("-created_at", "-pk")


def report_next(*, moderator: User, skip: Collection[int] = ()) -> Report | None:
    """The report that waits longest and that this moderator may decide; None if there is none."""
    involved = (
        Q(listing__seller=moderator)
        | Q(message__thread__seller=moderator)
        | Q(message__thread__buyer=moderator)
        | Q(reporter=moderator)
    )
    return reports_open().exclude(pk__in=skip).exclude(pk__in=reports_open().filter(involved).values("pk")).first()


def is_involved(*, report: Report, moderator: User) -> bool:
    """Whether it is the moderator's own car, conversation or report."""
    if report.message is not None:
        return moderator.pk in {report.message.thread.seller_id, report.message.thread.buyer_id}
    return moderator.pk in {report.reporter_id, report.listing.seller_id if report.listing else None}


def actions_of(report: Report) -> list[str]:
    """What can be done about it, of WORDS."""
    if report.message is not None:
        return ["keep", "remove", "ban"]
    return ["keep", "take_down"]


def messages_around(message: Message) -> list[Message]:
    """A reported message with some that were written before and after it, the oldest first."""
    same = Message.objects.filter(thread=message.thread_id).select_related("offer")
    before = list(same.filter(pk__lte=message.pk).order_by("-pk")[: AROUND + 1])
    after = list(same.filter(pk__gt=message.pk).order_by("pk")[:AROUND])
    return [*reversed(before), *after]


@transaction.atomic
def report_settle(*, report: Report, moderator: User, action: str, words: str = "") -> None:
    """Decide all open reports of the same listing or message, and carry it out.

    words: for the seller of a listing that is taken down. Raises DecisionRefused, and then nothing
    has changed.
    """
    if is_involved(report=report, moderator=moderator):
        raise DecisionRefused(gettext("This concerns yourself: somebody else has to decide it."))
    if action not in actions_of(report):
        raise DecisionRefused(gettext("Choose what to do about it."))
    status = Report.Status.KEPT if action == "keep" else Report.Status.ACTED
    if not reports_settle(report=report, status=status, moderator=moderator):
        raise DecisionRefused(gettext("Somebody decided this meanwhile. Nothing was changed."))
    if action == "take_down" and report.listing is not None:
        take_down(listing=report.listing, moderator=moderator, words=words)
    if action in {"remove", "ban"} and report.message is not None:
        message_remove(message=report.message)
        author = report.message.thread.party(Side(report.message.by))
        if action == "ban" and author is not None:
            writing_ban(person=author, moderator=moderator)


def others_about(report: Report) -> QuerySet[Report]:
    """All reports of the same thing, settled ones included."""
    return reports_about(report).select_related("reporter", "moderator")
