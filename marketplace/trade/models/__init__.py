"""Tables: threads and what is said in them, offers, and how often somebody did something."""

from marketplace.trade.models.offers import Offer
from marketplace.trade.models.tallies import Tally
from marketplace.trade.models.threads import Block, Message, Notice, Side, Thread

__all__ = ["Block", "Message", "Notice", "Offer", "Side", "Tally", "Thread"]
