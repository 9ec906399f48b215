"""What a visitor writes to the operator."""

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from marketplace.outages import MailAway

log = structlog.get_logger(__name__)


def contact_send(*, name: str, email: str, text: str) -> None:
    """Mail it to the operator; an answer goes to its writer. Raises MailAway.

    name, email: one line each, as the form cleans them; Django refuses headers of several lines.
    """
    message = EmailMessage(
        subject=_("Contact form: %(name)s") % {"name": name or email},
        body=f"{text}\n\n-- \n{name} <{email}>\n{settings.SITE_URL}",
        to=[settings.OPERATOR_EMAIL],
        reply_to=[email],
    )
    try:
        message.send()
    except OSError as error:  # SMTP's errors are among them
        log.error("contact_not_sent", error=str(error))
        raise MailAway(str(error)) from error
