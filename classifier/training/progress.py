"""Progress of long tasks: a protocol, and its implementations for terminals, logs and nobody."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichBars

T = TypeVar("T")


class Progress(Protocol):
    """Long tasks report to it how far they are."""

    def track(self, items: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        """Yield the items, showing how many of `total` are done."""
        ...

    def note(self, text: str) -> None:
        """One line about the item being tracked now (loss, images/s …)."""
        ...

    def say(self, text: str) -> None:
        """One line that stays."""
        ...

    def measured(self, figures: Mapping[str, object]) -> None:
        """The figures of an epoch, as the history keeps them."""
        ...


class Silent:
    """Shows nothing."""

    def track(self, items: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        """See Progress.track."""
        yield from items

    def note(self, text: str) -> None:
        """See Progress.note."""

    def say(self, text: str) -> None:
        """See Progress.say."""

    def measured(self, figures: Mapping[str, object]) -> None:
        """See Progress.measured."""


class Lines(Silent):
    """For logs: one plain line per message on stderr."""

    def say(self, text: str) -> None:
        """See Progress.say."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class Bars:
    """For terminals: bars on stderr, so that stdout stays free for results."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars: RichBars | None = None
        self._note = ""

    def track(self, items: Iterable[T], *, total: int, what: str) -> Iterator[T]:
        """See Progress.track. Inside another bar's loop it shows no bar of its own."""
        if self._bars is not None:
            yield from items
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._note = ""
        with RichBars(*columns, console=self._console) as bars:
            self._bars = bars
            task = bars.add_task(what, total=total, note="")
            try:
                for item in items:
                    yield item
                    bars.update(task, advance=1, note=self._note)
            finally:
                self._bars = None

    def note(self, text: str) -> None:
        """See Progress.note."""
        self._note = text

    def say(self, text: str) -> None:
        """See Progress.say."""
        self._console.print(text, highlight=False)

    def measured(self, figures: Mapping[str, object]) -> None:
        """See Progress.measured. The lines of ``say`` tell them already."""


def progress_for_terminal() -> Progress:
    """Bars on a terminal, else plain lines."""
    return Bars() if sys.stderr.isatty() else Lines()
