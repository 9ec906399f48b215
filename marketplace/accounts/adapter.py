"""How allauth sends mail. If the mail server is unavailable, users read so and can go on."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.accounts.services import language_of, signup_undo
from marketplace.outages import MailAway

log = structlog.get_logger(__name__)

UNSENT = _(
    "Your account is ready. No e-mail can be sent right now, so your address is not confirmed: "
    "have the mail sent again later, under Account."
)


@dataclass(frozen=True)
class Site:
    """What allauth's mails call the site; without it they name the host of the request."""

    name: str
    domain: str


def _site() -> Site:
    return Site(settings.SITE_NAME, urlsplit(settings.SITE_URL).netloc)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Set as ACCOUNT_ADAPTER."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail. Raises MailAway if the mail server does not accept it."""
        person: User | None = context.get("user")
        try:
            with override(language_of(person) if person else get_language()):
                super().send_mail(template_prefix, email, {**context, "current_site": _site()})
        except OSError as error:  # the base class of smtplib's errors, too
            # allauth would count this mail as sent, and send none for minutes without saying so.
            ratelimit.clear(self.request, action="confirm_email", key=email.lower())
            raise MailAway(str(error)) from error

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell of a change that is made already: no mail must not look like no change."""
        try:
            super().send_notification_mail(template_prefix, user, context, email)
        except MailAway as error:
            log.error("mail_away", template=template_prefix, error=str(error))

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Send a confirmation mail. Raises MailAway if the user cannot continue without it."""
        try:
            super().send_confirmation_mail(request, emailconfirmation, signup)
        except MailAway as error:
            if signup and app_settings.EMAIL_VERIFICATION != app_settings.EmailVerificationMethod.MANDATORY:
                log.error("mail_away", path=request.path, error=str(error))
                request.confirmation_unsent = True  # type: ignore[attr-defined]  # read by add_message
                return
            if signup:
                signup_undo(user=emailconfirmation.email_address.user)
            raise

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Add a message, but do not say that a mail was sent if none could be."""
        if getattr(request, "confirmation_unsent", False) and "confirmation_sent" in (message_template or ""):
            messages.warning(request, UNSENT)
        else:
            super().add_message(request, level, message_template, *args, **kwargs)
