#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError

from marketplace.refusals import database_refusal, system_refusal


def main() -> None:
    """Run the command; a wrong environment, database or disk is one line and exit 2, not a
    traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
    try:
        _ = settings.VAR_DIR  # read now: Django itself would hide what is wrong behind "Unknown command"
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        _refuse("Interrupted.", 130)
    # Our own commands say these themselves; Django's (migrate, createsuperuser …) would show a
    # traceback.
    except DatabaseError as error:
        _refuse(database_refusal(error))
    except OSError as error:
        _refuse(system_refusal(error))


def _refuse(line: str, code: int = 2) -> None:
    if "--traceback" in sys.argv:
        raise  # noqa: PLE0704  # called from a handler
    sys.stderr.write(f"{line}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
