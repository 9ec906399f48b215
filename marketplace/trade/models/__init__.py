"""Tables: threads and what is said in them, offers, reports, and how often somebody did what."""

from marketplace.trade.models.interest import Favourite, Views
from marketplace.trade.models.offers import Offer
from marketplace.trade.models.reports import Report, WritingBan
from marketplace.trade.models.tallies import Tally
from marketplace.trade.models.threads import Block, Message, Notice, Side, Thread

__all__ = [
    "Block", "Favourite", "Message", "Notice", "Offer", "Report", "Side", "Tally", "Thread", "Views", "WritingBan",
]  # fmt: skip
