"""What all operators' commands share: one result on stdout, one clear line for what cannot be done, exit codes.

0 done · 1 a gate or check failed · 2 bad input · 130 interrupted. With ``--json`` exactly one JSON document goes to
stdout and nothing else: whatever the libraries underneath print, from C too, goes to stderr.
"""

import contextlib
import ctypes
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from classifier.artefact import ArtefactError
from classifier.engines import EngineError
from classifier.preprocess import UnreadablePhotoError
from classifier.training.data.manifest import ManifestError
from classifier.training.progress import Progress, Silent, progress_for_terminal
from marketplace.refusals import Refused, database_refusal, system_refusal

GATE_FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
RESTORE = "Bring the folder back from a backup (classifier/weights: from git), or promote another version."


class InputRefused(Refused):
    """An argument is wrong."""


@dataclass(frozen=True)
class Outcome:
    """What a command found out or did."""

    document: dict[str, Any]
    """For ``--json``."""
    text: str
    """For people."""
    failed: str = ""
    """One line, if it did not end well all the same."""
    code: int = GATE_FAILED


class OneLineCommand(BaseCommand):
    """Wrong arguments are one line, too: argparse would print how to call the command above it."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.print_usage = lambda file=None: None  # type: ignore[method-assign]
        parser.epilog = "Exit status: 0 done, 1 a gate or check failed, 2 bad input, 130 interrupted."
        return parser


class ServiceCommand(OneLineCommand):
    """Arguments in, service call, outcome out."""

    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]  # a fresh clone may classify
    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    """Further exceptions whose message is meant for the operator."""

    def arguments(self, parser: CommandParser) -> None:
        """The command's own arguments."""

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        """Do it."""
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        self.arguments(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options.pop("json")
        progress = Silent() if as_json else progress_for_terminal()
        with refusing(*self.refusals):
            with _stdout_kept_clean():
                outcome = self.work(progress=progress, **options)
            self._print(json.dumps(outcome.document, ensure_ascii=False) if as_json else outcome.text)
        if outcome.failed:
            raise CommandError(_one_line(outcome.failed), returncode=outcome.code)

    def _print(self, result: str) -> None:
        try:
            self.stdout.write(_printable(result, str(self.stdout.encoding or "utf-8")))
            self.stdout.flush()
        except OSError as error:
            _stdout_give_up()
            raise InputRefused(
                f"The result cannot be written to standard output ({error.strerror}); what was asked for is done."
            ) from error


def _printable(text: str, encoding: str) -> str:
    """Names of files that are no text, and what the terminal has no letters for, as escapes (in JSON: its own)."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextlib.contextmanager
def refusing(*others: type[Exception]) -> Iterator[None]:
    """Turn what is known to stop a command, and ``others``, into one line and exit 2, and Ctrl-C into exit 130."""
    known: tuple[type[Exception], ...] = (Refused, ArtefactError, EngineError, ManifestError, UnreadablePhotoError)
    try:
        yield
    except known + others as error:
        broken = isinstance(error, ArtefactError) or isinstance(error.__cause__, ArtefactError)
        raise _refusal(f"{str(error).removesuffix('.')}. {RESTORE}" if broken else str(error)) from error
    except DatabaseError as error:
        raise _refusal(database_refusal(error)) from error
    except OSError as error:
        raise _refusal(system_refusal(error)) from error
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(INTERRUPTED)


def _refusal(message: str) -> CommandError:
    return CommandError(_one_line(message), returncode=BAD_INPUT)


def _one_line(message: str) -> str:
    return " ".join(message.split())


@contextlib.contextmanager
def _stdout_kept_clean() -> Iterator[None]:
    """Send everything that is written to stdout meanwhile, by Python or by C, to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        # C keeps what it prints to a pipe until the process ends: flushed now, or it would follow the document.
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


def _stdout_give_up() -> None:
    """Point stdout nowhere: Python flushes it once more at its end, and would complain of the same thing again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
