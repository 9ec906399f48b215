"""Reports: made by anybody, settled by moderators (marketplace.moderation.reports)."""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.trade.limits import REPORTS, person_key, tally_take
from marketplace.trade.models import Message, Report, WritingBan
from marketplace.trade.refusals import TradeRefused


def listing_report(*, listing: Listing, reporter: User | None, who: str, reason: str, words: str) -> None:
    """Tell the moderators about a listing. who: the visitor, as limits count them.

    Raises TradeRefused after too many.
    """
    _report(Report(listing=listing, reporter=reporter, reason=reason, words=words), who)


def message_report(*, message: Message, reporter: User, reason: str, words: str) -> None:
    """Tell the moderators about a message; they will read what was said around it."""
    _report(Report(message=message, reporter=reporter, reason=reason, words=words), person_key(reporter.pk))


@transaction.atomic
def _report(report: Report, who: str) -> None:
    if not tally_take(who=who, limits=REPORTS):
        raise TradeRefused(_("You reported a lot within a short time. Please go on in an hour."))
    report.full_clean(exclude=["listing", "message", "reporter"], validate_constraints=False)
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError:
        # The same person again while the first one waits: the newer words replace the older ones.
        same = Report.objects.filter(
            listing=report.listing, message=report.message, reporter=report.reporter, status=Report.Status.OPEN
        )
        same.update(reason=report.reason, words=report.words)


def reports_about(report: Report) -> QuerySet[Report]:
    """All reports of the same listing or message."""
    return Report.objects.filter(listing=report.listing_id, message=report.message_id)


def reports_settle(*, report: Report, status: Report.Status, moderator: User) -> bool:
    """Settle all open reports of the same thing at once; False if somebody just did."""
    waiting = reports_about(report).filter(status=Report.Status.OPEN)
    return waiting.update(status=status, moderator=moderator, settled_at=timezone.now()) > 0


def message_remove(*, message: Message) -> None:
    """Hide a message's words from both people; moderators still see them."""
    Message.objects.filter(pk=message.pk, removed_at=None).update(removed_at=timezone.now())


def writing_ban(*, person: User, moderator: User) -> None:
    """This person may write to nobody any more."""
    WritingBan.objects.get_or_create(person=person, defaults={"moderator": moderator})
