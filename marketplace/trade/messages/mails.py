"""Mails that tell somebody of a new message, with a link and without the other's address."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.services import language_of
from marketplace.mail_queue import mail_message, queue_send
from marketplace.trade.messages.selectors import news_for
from marketplace.trade.messages.warnings import warnings_of
from marketplace.trade.models import Message, Notice, Side

SUBJECTS = {
    Message.Kind.TEXT: _("New message: {title}"),
    Message.Kind.OFFER: _("You have an offer: {title}"),
    Message.Kind.ACCEPTED: _("Your offer is accepted: {title}"),
    Message.Kind.DECLINED: _("Your offer is declined: {title}"),
    Message.Kind.WITHDRAWN: _("An offer is withdrawn: {title}"),
}


def notices_send() -> int:
    """Send what waits and is due; returns how many. Safe to run twice at once."""
    notices = Notice.objects.select_related("thread__listing", "thread__seller", "thread__buyer")
    return queue_send(notices, is_needless=_needless, message_of=_message, language_of=_language)


def _needless(notice: Notice) -> bool:
    """Whether there is nobody to tell, or nothing that they have not read already."""
    person = notice.thread.party(Side(notice.to))
    if person is None or not person.is_active:
        return True
    return not news_for(thread=notice.thread, side=Side(notice.to)).filter(removed_at=None).exists()


def _language(notice: Notice) -> str:
    return language_of(notice.thread.party(Side(notice.to)))


def _message(notice: Notice) -> EmailMultiAlternatives:
    thread, side = notice.thread, Side(notice.to)
    person, other = thread.party(side), thread.party(side.other)
    news = list(news_for(thread=thread, side=side).filter(removed_at=None).select_related("offer"))
    context = {
        "name": person.display_name if person else "",
        "other": other.display_name if other else "",
        "role": side.other.value,
        "title": thread.listing_title,
        # No link or account number of a stranger goes out in a mail of ours.
        "news": [(one, "" if warnings_of(one.text) else one.text) for one in news],
        "link": f"{settings.SITE_URL}{thread.get_absolute_url()}",
        "site": settings.SITE_URL,
    }
    subject = str(SUBJECTS[Message.Kind(news[-1].kind)]).format(title=thread.listing_title)
    return mail_message(
        template="trade/mail/notice", subject=subject, to=person.email if person else "", context=context
    )
