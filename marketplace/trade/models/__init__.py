"""Tables: threads and what is said in them, offers, reports, saved cars and searches, counts."""

from marketplace.trade.models.interest import Favourite, Views
from marketplace.trade.models.offers import Offer
from marketplace.trade.models.reports import Report, WritingBan
from marketplace.trade.models.searches import SavedSearch, SearchAlert
from marketplace.trade.models.tallies import Tally
from marketplace.trade.models.threads import Block, Message, Notice, Side, Thread

__all__ = [
    "Block", "Favourite", "Message", "Notice", "Offer", "Report", "SavedSearch", "SearchAlert", "Side", "Tally",
    "Thread", "Views", "WritingBan",
]  # fmt: skip
