"""Mails to sellers: queued with what happened, sent by a worker of the queue "mail".

The database is the truth here, too: a row waits until it is sent. A crash right after sending may
send it twice, never not at all.
"""

from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from marketplace.doorbell import ring_on_commit
from marketplace.listings.life.steps import ON_SALE, PAUSED, Status
from marketplace.listings.models import Listing, SellerMail

log = structlog.get_logger(__name__)

Kind = SellerMail.Kind
SEND_MAILS = "marketplace.listings.tasks.send_mails"
AT_ONCE = 200
ATTEMPTS = 12
RETRY_AFTER = timedelta(minutes=10)
"""Times the attempts so far: together more than twelve hours."""


@dataclass(frozen=True)
class Words:
    """One kind of mail. {title}: the car. {until}: the day on which it expires."""

    subject: str
    text: str
    button: str
    edits: bool = False
    """Whether the button leads to the form, not to the seller's cars."""


WORDS = {
    Kind.LIVE: Words(
        "Your {title} is live", "Everybody can see your advertisement now. It ends on {until}; we remind you before.",
        "My cars",
    ),
    Kind.CHANGES: Words(
        "Please change something: {title}", "Before your advertisement goes live, please change this:",
        "Change it and send it again", edits=True,
    ),
    Kind.REJECTED: Words(
        "Not accepted: {title}", "Your advertisement was not accepted, for this reason:",
        "Mend it and send it again", edits=True,
    ),
    Kind.EXPIRING: Words(
        "Your {title} ends soon", "Your advertisement ends on {until}. If the car is still for sale, renew it with "
        "one press under “My cars”. If it is sold, you can say so there.",
        "My cars",
    ),
    Kind.DOWN: Words(
        "Taken off the site: {title}", "A moderator took your advertisement off the site, for this reason:",
        "My cars: appeal, once",
    ),
    Kind.BACK: Words("Back on the site: {title}", "Your advertisement is where it was before.", "My cars"),
    Kind.SUSPENDED: Words(
        "Your account is suspended", "All your advertisements are off the site, for this reason:", "My cars",
    ),
}  # fmt: skip

TRUE_WHILE = {
    Kind.LIVE: ON_SALE, Kind.CHANGES: {Status.CHANGES}, Kind.REJECTED: {Status.REJECTED}, Kind.EXPIRING: ON_SALE,
    Kind.DOWN: {Status.TAKEN_DOWN}, Kind.BACK: ON_SALE | PAUSED, Kind.SUSPENDED: {Status.TAKEN_DOWN},
}  # fmt: skip
"""A mail that waited for its server while the listing went on is not sent."""


def mail_queue(*, listing: Listing, kind: Kind, words: str = "") -> None:
    """Queue a mail; with the transaction that it is about, or not at all."""
    SellerMail.objects.create(listing=listing, kind=kind, words=words)
    ring_on_commit(SEND_MAILS)


def mails_send() -> int:
    """Send what waits and is due; returns how many. Safe to run twice at once."""
    sent = 0
    due = SellerMail.objects.filter(sent_at=None, attempts__lt=ATTEMPTS, next_try_at__lte=timezone.now())
    for mail in due.select_related("listing__seller", "listing__make", "listing__car_model").order_by("pk")[:AT_ONCE]:
        if not _claimed(mail):
            continue  # another worker sends it
        if _needless(mail):
            mail.delete()
            continue
        try:
            _message(mail).send()
        except SMTPRecipientsRefused as error:
            log.warning("mail_refused", mail=mail.pk, error=str(error))
            continue
        except OSError as error:  # SMTP's errors are among them
            log.warning("mail_not_sent", mail=mail.pk, error=str(error))
            break  # the others would wait for the same silent server
        SellerMail.objects.filter(pk=mail.pk).update(sent_at=timezone.now())
        sent += 1
    return sent


def _claimed(mail: SellerMail) -> bool:
    """Whether this process sends the mail. Others try again only if it does not say that it did."""
    now = timezone.now()
    claim = SellerMail.objects.filter(pk=mail.pk, sent_at=None, attempts=mail.attempts)
    later = now + RETRY_AFTER * (mail.attempts + 1)
    return claim.update(attempts=F("attempts") + 1, next_try_at=later) == 1


def _needless(mail: SellerMail) -> bool:
    """Whether there is nobody to tell, or it is true no more."""
    listing = mail.listing
    renewed = mail.kind == Kind.EXPIRING and listing.reminded_at is None
    return renewed or listing.status not in TRUE_WHILE[Kind(mail.kind)] or not listing.seller.is_active


def _message(mail: SellerMail) -> EmailMultiAlternatives:
    listing, said = mail.listing, WORDS[Kind(mail.kind)]
    until = f"{listing.expires_at:%-d %B %Y}" if listing.expires_at else ""
    page = reverse("listings:edit", args=[listing.code]) if said.edits else reverse("listings:mine")
    context: dict[str, Any] = {
        "subject": said.subject.format(title=listing.title),
        "name": listing.seller.display_name,
        "text": said.text.format(title=listing.title, until=until),
        "words": mail.words,
        "button": said.button,
        "link": f"{settings.SITE_URL}{page}",
        "site": settings.SITE_URL,
    }
    message = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("listings/mail/seller.txt", context),
        to=[listing.seller.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("listings/mail/seller.html", context), "text/html")
    return message
