"""Mails to sellers: queued with what happened, sent by a worker (see marketplace.mail_queue)."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.services import language_of
from marketplace.doorbell import ring_on_commit
from marketplace.listings.life.steps import ON_SALE, PAUSED, Status
from marketplace.listings.models import Listing, SellerMail
from marketplace.mail_queue import mail_message, queue_send

Kind = SellerMail.Kind
SEND_MAILS = "marketplace.listings.tasks.send_mails"


@dataclass(frozen=True)
class Words:
    """One kind of mail. {title}: the car. {until}: the day on which it expires."""

    subject: Promise
    text: Promise
    button: Promise
    edits: bool = False
    """Whether the button leads to the form, not to the seller's cars."""


WORDS = {
    Kind.LIVE: Words(
        _("Your {title} is live"),
        _("Everybody can see your advertisement now. It ends on {until}; we remind you before."),
        _("My cars"),
    ),
    Kind.CHANGES: Words(
        _("Please change something: {title}"),
        _("Before your advertisement goes live, please change this:"),
        _("Change it and send it again"),
        edits=True,
    ),
    Kind.REJECTED: Words(
        _("Not accepted: {title}"),
        _("Your advertisement was not accepted, for this reason:"),
        _("Mend it and send it again"),
        edits=True,
    ),
    Kind.EXPIRING: Words(
        _("Your {title} ends soon"),
        _(
            "Your advertisement ends on {until}. If the car is still for sale, renew it with "
            "one press under “My cars”. If it is sold, you can say so there."
        ),
        _("My cars"),
    ),
    Kind.REMOVED: Words(
        _("Taken off the site: {title}"),
        _("A moderator took your advertisement off the site, for this reason:"),
        _("My cars: appeal, once"),
    ),
    Kind.BACK: Words(_("Back on the site: {title}"), _("Your advertisement is where it was before."), _("My cars")),
    Kind.SUSPENDED: Words(
        _("Your account is suspended"),
        _("All your advertisements are off the site, for this reason:"),
        _("My cars"),
    ),
    Kind.REVISED: Words(
        _("Your change is live: {title}"),
        _("Your change was accepted: buyers see it from now on."),
        _("My cars"),
    ),
    Kind.KEPT: Words(
        _("Your change was not accepted: {title}"),
        _("Your advertisement stays as it was. This is the reason:"),
        _("My cars"),
    ),
}

TRUE_WHILE = {
    Kind.LIVE: ON_SALE, Kind.CHANGES: {Status.CHANGES}, Kind.REJECTED: {Status.REJECTED}, Kind.EXPIRING: ON_SALE,
    Kind.REMOVED: {Status.TAKEN_DOWN}, Kind.BACK: ON_SALE | PAUSED, Kind.SUSPENDED: {Status.TAKEN_DOWN},
    Kind.REVISED: ON_SALE | PAUSED, Kind.KEPT: ON_SALE | PAUSED,
}  # fmt: skip
"""A mail that waited for its server while the listing went on is not sent."""


def mail_queue(*, listing: Listing, kind: Kind, words: str = "") -> None:
    """Queue a mail; with the transaction that it is about, or not at all."""
    SellerMail.objects.create(listing=listing, kind=kind, words=words)
    ring_on_commit(SEND_MAILS)


def mails_send() -> int:
    """Send what waits and is due; returns how many. Safe to run twice at once."""
    mails = SellerMail.objects.select_related("listing__seller", "listing__make", "listing__car_model")
    return queue_send(mails, is_needless=_needless, message_of=_message, language_of=_language)


def _needless(mail: SellerMail) -> bool:
    """Whether there is nobody to tell, or it is true no more."""
    listing = mail.listing
    renewed = mail.kind == Kind.EXPIRING and listing.reminded_at is None
    return renewed or listing.status not in TRUE_WHILE[Kind(mail.kind)] or not listing.seller.is_active


def _language(mail: SellerMail) -> str:
    return language_of(mail.listing.seller)


def _message(mail: SellerMail) -> EmailMultiAlternatives:
    listing, said = mail.listing, WORDS[Kind(mail.kind)]
    until = date_format(listing.expires_at, "DATE_FORMAT") if listing.expires_at else ""
    page = reverse("listings:edit", args=[listing.code]) if said.edits else reverse("listings:mine")
    context: dict[str, Any] = {
        "name": listing.seller.display_name,
        "text": str(said.text).format(title=listing.title, until=until),
        "words": mail.words,
        "button": said.button,
        "link": f"{settings.SITE_URL}{page}",
        "site": settings.SITE_URL,
    }
    return mail_message(
        template="listings/mail/seller",
        subject=str(said.subject).format(title=listing.title),
        to=listing.seller.email,
        context=context,
    )
