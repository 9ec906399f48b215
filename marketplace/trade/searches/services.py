"""Writes: save a search, change how often it mails, end it; and look for what is new."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.doorbell import ring_on_commit
from marketplace.trade.limits import SEARCHES, person_key, tally_take
from marketplace.trade.models import SavedSearch, SearchAlert
from marketplace.trade.models.searches import QUERY_LETTERS
from marketplace.trade.refusals import TradeRefused
from marketplace.trade.searches.results import query_clean, searched_new

log = structlog.get_logger(__name__)

SEND_MAILS = "marketplace.trade.tasks.send_mails"
MOST_OF_A_PERSON = 50
AT_ONCE = 500
"""How many searches one sweep looks at; the next one goes on."""
Often = SavedSearch.Often


@transaction.atomic
def search_save(*, person: User, query: str, often: str) -> SavedSearch:
    """Save what the browse page was asked for; the same again only changes how often it mails.

    Raises TradeRefused.
    """
    query = query_clean(query)
    if len(query) > QUERY_LETTERS:
        raise TradeRefused(_("This search is too long to be saved."))
    if not tally_take(who=person_key(person.pk), limits=SEARCHES):
        raise TradeRefused(_("You saved a lot of searches today. Please go on tomorrow."))
    before = SavedSearch.objects.filter(person=person)
    if not before.filter(query=query).exists() and before.count() >= MOST_OF_A_PERSON:
        raise TradeRefused(_("You have as many saved searches as one can have. Delete one first."))
    search, _created = SavedSearch.objects.get_or_create(person=person, query=query)
    search_often(search=search, often=often)
    return search


def search_often(*, search: SavedSearch, often: str) -> None:
    """Set how often it mails. What went on sale before is not told afterwards."""
    now = timezone.now()
    values = {"often": Often(often), "next_at": now + SavedSearch.EVERY.get(Often(often), timedelta(0))}
    SavedSearch.objects.filter(pk=search.pk).exclude(often=often).update(looked_at=now, **values)
    SavedSearch.objects.filter(pk=search.pk).update(**values)
    search.refresh_from_db()


def search_stop(*, token: str) -> bool:
    """No more mails about the search with this token; False if there is none."""
    return SavedSearch.objects.filter(token=token).update(often=Often.NEVER) == 1


def searches_look() -> int:
    """Queue a mail for each search that is due and found something new; returns how many."""
    due = SavedSearch.objects.exclude(often=Often.NEVER).filter(next_at__lte=timezone.now(), person__is_active=True)
    return sum(_look(search) for search in due.order_by("next_at")[:AT_ONCE])


@transaction.atomic
def _look(search: SavedSearch) -> bool:
    now = timezone.now()
    # A conditional update claims it: of two sweeps one looks, and none that was just changed.
    same = SavedSearch.objects.filter(pk=search.pk, looked_at=search.looked_at, often=search.often)
    if same.update(looked_at=now, next_at=now + SavedSearch.EVERY[Often(search.often)]) != 1:
        return False
    if not searched_new(search.query, since=search.looked_at, until=now):
        return False
    SearchAlert.objects.create(search=search, since=search.looked_at, until=now)
    ring_on_commit(SEND_MAILS)
    return True
