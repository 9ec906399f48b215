"""Why something between two people cannot be done."""

from django.utils.functional import Promise


class TradeRefused(Exception):
    """Refused; the message is for the person who tried it."""

    def __init__(self, words: str | Promise) -> None:
        super().__init__(words)
        self.words = words

    def __str__(self) -> str:
        return str(self.words)
