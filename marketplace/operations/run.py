"""`make run`: a whole site on this machine, which only this machine can reach."""

import errno
import fcntl
import os
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from marketplace.operations.errors import SiteError
from marketplace.operations.leash import LeashedManager
from marketplace.operations.redis import redis_command, socket_folder_prepare
from marketplace.operations.worker import CELERY
from marketplace.static_files import static_collect

HOST = "127.0.0.1"


def site_run(*, port: int, say: Callable[[str], None]) -> int:
    """Set up what is missing and serve until stopped; say: is told what is being done.

    The engine is prepared by the workers, while the site answers already. Returns the exit status.
    Raises SiteError if the site cannot start.
    """
    with _only_one(Path(settings.VAR_DIR) / "run.lock"):
        _port_check(port)
        commands = _commands()
        say("Database: bringing its tables up to date …")
        # In this process: whatever ends it ends the set-up as well, and the lock is free only then.
        call_command("migrate", verbosity=0, interactive=False)
        call_command("setup_site", "--demo", "--without-engine")
        environment = _environment(port)
        _static_prepare(environment, say)
        manager = LeashedManager()
        for name, command in commands.items():
            manager.add_process(name, shlex.join(command), env=environment, cwd=str(settings.BASE_DIR))
        manager.loop()
        # Ctrl-C (130) and SIGTERM (143) are normal ends.
        return 0 if manager.returncode in {130, 143} else int(manager.returncode or 1)


def _commands() -> dict[str, list[str]]:
    commands = {
        "web": [sys.executable, "-m", "gunicorn", "-c", "python:marketplace.operations.gunicorn", "marketplace.wsgi"],
        **{
            f"worker-{number}" if number else "worker": [sys.executable, "manage.py", "run_worker", *queues]
            for number, queues in enumerate(settings.WORKERS)
        },
        "scheduler": [*CELERY, "beat", "--pidfile=", "--loglevel=WARNING"],
    }
    if settings.REDIS_URL:
        return commands
    socket_folder_prepare(settings.REDIS_SOCKET)
    # They are terminated in this order: Redis last, after its clients.
    return {**commands, "redis": redis_command(socket=settings.REDIS_SOCKET, folder=settings.VAR_DIR)}


def _environment(port: int) -> dict[str, str]:
    """The environment of the site's processes.

    They run as in production, without DEBUG, because a forwarded port must not show tracebacks.
    What production must configure is known here: the key is kept in VAR_DIR, only this machine is
    served, over plain HTTP, and mail goes to files. For tracebacks and reloaded templates there is
    ``DEBUG=1 make run``.
    """
    local = {
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
        "COOKIES_SECURE": "0",
        "STATIC_COLLECTED": "0",
        "ACCOUNT_EMAIL_VERIFICATION": "optional",
        "SITE_URL": f"http://{HOST}:{port}",
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "LOG_LEVEL": "WARNING",
        "LOG_JSON": "0",
    }
    if not os.environ.get("SECRET_KEY_FILE"):  # the site refuses both at once
        local["SECRET_KEY"] = settings.SECRET_KEY
    fixed = {"BIND": f"{HOST}:{port}", "VAR_DIR": str(settings.VAR_DIR), "PYTHONUNBUFFERED": "1"}
    return local | os.environ | fixed


def _static_prepare(environment: dict[str, str], say: Callable[[str], None]) -> None:
    """Collect and compress the static files for the site's processes.

    Under DEBUG, and where somebody says how they are served, they come from where they lie.
    """
    folder = Path(settings.VAR_DIR) / "staticfiles"
    folder.mkdir(exist_ok=True)  # whitenoise warns of a missing one
    if {"STATIC_COLLECTED", "STATIC_ROOT"} & set(os.environ) or ("DEBUG" in os.environ and settings.DEBUG):
        return
    say("Styles and scripts: compressing what changed …")
    static_collect(folder)
    environment |= {"STATIC_COLLECTED": "1", "STATIC_ROOT": str(folder)}


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the site's lock, which the system releases however this process ends."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise SiteError(
                f"The site in {path.parent} runs already (process {file.read().strip()}). "
                "Stop it, or set VAR_DIR and PORT to run another beside it."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _port_check(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OverflowError as error:
            raise SiteError(f"There is no port {port}.") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise SiteError(f"Port {port} is in use. Choose another: make run PORT={port + 1}") from error
            raise SiteError(f"Cannot listen on port {port}: {error.strerror}.") from error
