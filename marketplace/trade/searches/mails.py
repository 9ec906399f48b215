"""Mails about new cars of a saved search, which can be ended with one click in any mail program."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.accounts.services import language_of
from marketplace.listings.models import Listing
from marketplace.mail_queue import mail_message, queue_send
from marketplace.trade.models import SavedSearch, SearchAlert
from marketplace.trade.searches.results import asked_words, searched_new

SHOWN = 10


def alerts_send() -> int:
    """Send what waits and is due; returns how many. Safe to run twice at once."""
    alerts = SearchAlert.objects.select_related("search__person")
    return queue_send(alerts, is_needless=_needless, message_of=_message, language_of=_language)


def _cars(alert: SearchAlert) -> list[Listing]:
    """What is new and still on sale; not the person's own."""
    found = searched_new(alert.search.query, since=alert.since, until=alert.until)
    return [listing for listing in found if listing.seller_id != alert.search.person_id]


def _needless(alert: SearchAlert) -> bool:
    search = alert.search
    return search.often == SavedSearch.Often.NEVER or not search.person.is_active or not _cars(alert)


def _language(alert: SearchAlert) -> str:
    return language_of(alert.search.person)


def _message(alert: SearchAlert) -> EmailMultiAlternatives:
    search, cars = alert.search, _cars(alert)
    site = settings.SITE_URL
    asked = ", ".join(asked_words(search.query)) or _("all cars")
    stop = f"{site}{reverse('trade:search_stop', args=[search.token])}"
    subject = ngettext("{n} new car: {asked}", "{n} new cars: {asked}", len(cars)).format(n=len(cars), asked=asked)
    context = {
        "name": search.person.display_name,
        "asked": asked,
        "cars": [(car, f"{site}{car.get_absolute_url()}") for car in cars[:SHOWN]],
        "more": len(cars) - SHOWN,
        "all": f"{site}{reverse('listings:browse')}?{search.query}",
        "stop": stop,
        "site": site,
    }
    return mail_message(
        template="trade/mail/alert",
        subject=subject[:200],
        to=search.person.email,
        context=context,
        # RFC 8058: the mail program posts this one field, without a cookie.
        headers={"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
