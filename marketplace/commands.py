"""Base classes of the operator's commands: one result on stdout, one line per error, exit codes.

Exit codes: 0 done, 1 a gate or check failed, 2 bad input, 130 interrupted. With `--json` exactly
one JSON document goes to stdout. Whatever libraries print, even from C, goes to stderr.
"""

import contextlib
import ctypes
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

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
    """An argument is invalid."""


@dataclass(frozen=True)
class Outcome:
    """A command's result."""

    document: dict[str, Any]
    """For `--json`."""
    text: str
    """For people."""
    failed: str = ""
    """One line that says what failed; the command then exits with `code`."""
    code: int = GATE_FAILED


class OneLineCommand(BaseCommand):
    """Reports invalid arguments in one line, without argparse's usage text above it."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.print_usage = lambda file=None: None  # type: ignore[method-assign]
        parser.epilog = "Exit status: 0 done, 1 a gate or check failed, 2 bad input, 130 interrupted."
        return parser


class ServiceCommand(OneLineCommand):
    """A command that turns arguments into a service call, and its outcome into output."""

    requires_system_checks: ClassVar[list[str]] = []  # type: ignore[misc]  # so that a fresh clone can classify
    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    """Further exceptions whose message is one clear line for the operator."""
    always_a_document: ClassVar[bool] = False
    """Whether `--json` gives a document when the command refuses, too, and tells how far it is."""

    _told = False
    """Whether a refusal is told in a document as well."""

    def run_from_argv(self, argv: list[str]) -> None:
        # Before the arguments are parsed: they may be what is refused.
        self._told = self.always_a_document and "--json" in argv
        super().run_from_argv(argv)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if self._told:
            complain = parser.error

            def error(message: str) -> NoReturn:
                self._refused(message)
                complain(message)
                raise AssertionError("a parser's complaint does not return")

            parser.error = error  # type: ignore[method-assign]
        return parser

    def arguments(self, parser: CommandParser) -> None:
        """Add the command's own arguments."""

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        """Do the work. options: the parsed arguments."""
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        self.arguments(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json = options.pop("json")
        progress = Silent() if as_json and not self.always_a_document else progress_for_terminal()
        try:
            with refusing(*self.refusals):
                with _stdout_kept_clean():
                    outcome = self.work(progress=progress, **options)
                self._print(json.dumps(outcome.document, ensure_ascii=False) if as_json else outcome.text)
        except CommandError as error:
            if self._told:
                self._refused(str(error))
            raise
        except SystemExit:
            if self._told:
                self._refused("Interrupted.")
            raise
        if outcome.failed:
            raise CommandError(_one_line(outcome.failed), returncode=outcome.code)

    def _refused(self, message: str) -> None:
        """The document of a command that did nothing."""
        with contextlib.suppress(CommandError):  # who closed standard output wants no document
            self._print(json.dumps({"refused": _one_line(message)}, ensure_ascii=False))

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
    """The text, with escapes for what the encoding lacks, as in undecodable file names."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


@contextlib.contextmanager
def refusing(*others: type[Exception]) -> Iterator[None]:
    """Turn known errors and `others` into one line and exit code 2, Ctrl-C into exit code 130."""
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
    """Redirect to stderr whatever Python or C writes to stdout."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        # C buffers its output to a pipe. Without this it would appear after the document.
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


def _stdout_give_up() -> None:
    """Redirect stdout to /dev/null: Python flushes it at exit and would report the error again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
