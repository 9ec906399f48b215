"""The worker's part: an order is a process of its own, nice, and ended when somebody asks.

In a process, because a training holds gigabytes that a worker would never give back, and because
it can be stopped whatever it is doing.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import structlog
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.parent import die_with_parent, leashed
from marketplace.training.models import TrainingOrder, TrainingRun
from marketplace.training.orders.services import Status, order_claim, order_end

log = structlog.get_logger(__name__)

LOOK_SECONDS = 2
# A training closes its row when it is interrupted; after this long it is killed.
PATIENCE_SECONDS = 20
# A training ends by itself at its limit, with figures and a report, which take time as well.
GRACE_MINUTES = 60
DONE, GATE_FAILED = 0, 1


def orders_work_off() -> int:
    """Train what waits, one after the other; how many."""
    die_with_parent(signal.SIGTERM)  # and with this process its trainings
    count = 0
    while (order := order_claim()) is not None:
        _train(order)
        count += 1
    return count


def log_path(order: TrainingOrder) -> Path:
    """What the training's process said, on the machine that trained."""
    return Path(settings.RUNS_DIR) / "orders" / f"{order.pk}.log"


def _command(order: TrainingOrder) -> list[str]:
    return [sys.executable, "manage.py", "train_order", str(order.pk)]


def _train(order: TrainingOrder) -> None:
    path = log_path(order)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        child = subprocess.Popen(  # noqa: S603  # our own command
            _command(order),
            cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True, preexec_fn=leashed,  # noqa: PLW1509  # this process has no threads
        )  # fmt: skip
    try:
        late = _attend(order, child, path)
    finally:
        _kill(child)
    _close(order, child.returncode, late=late, said=_last_line(path))


def _attend(order: TrainingOrder, child: "subprocess.Popen[bytes]", path: Path) -> bool:
    """Stay until the process has ended, or make it end; whether its time was up."""
    deadline = time.monotonic() + 60 * (order.max_minutes + GRACE_MINUTES)
    asked, late = float("inf"), False
    while True:
        with suppress(subprocess.TimeoutExpired):
            child.wait(LOOK_SECONDS)
            return late
        now = time.monotonic()
        if now > asked + PATIENCE_SECONDS:
            return late
        if asked == float("inf"):
            late = now > deadline
            if late or _is_to_end(order, said=_last_line(path)):
                child.send_signal(signal.SIGINT)
                asked = now


def _is_to_end(order: TrainingOrder, *, said: str) -> bool:
    """Note that the training lives; whether somebody wants it to end."""
    try:
        TrainingOrder.objects.filter(pk=order.pk).update(alive_at=timezone.now(), progress=said[:300])
        order.refresh_from_db()
    except OperationalError as error:  # locked or briefly away: no reason to lose hours of training
        log.warning("order_beat_not_written", order=order.pk, error=str(error))
        return False
    return order.cancel_asked_at is not None or order.is_open is None


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """The process and all that it started, such as loaders of photos."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _close(order: TrainingOrder, returncode: int, *, late: bool, said: str) -> None:
    order.refresh_from_db()
    status, error = Status.FAILED, said
    if order.cancel_asked_at is not None:
        status, error = Status.CANCELLED, ""
    elif late:
        error = _("It had not ended an hour after its time limit, and was stopped.")
    elif returncode in (DONE, GATE_FAILED):
        status, error = Status.DONE, ""
    elif returncode < 0:
        error = _("Its process was ended by signal %(number)d.") % {"number": -returncode}
    order_end(order=order, status=status, error=error[:500], progress=said[:300])
    if status == Status.CANCELLED:  # the run says who it was, and not "KeyboardInterrupt"
        words = f"Cancelled by {order.cancelled_by}."
        unfinished = TrainingRun.objects.filter(order=order).exclude(status=TrainingRun.Status.DONE)
        unfinished.update(status=TrainingRun.Status.FAILED, error=words, finished_at=timezone.now())
    log.info("trainingorder_ended", order=order.pk, status=status, returncode=returncode)


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines()]
    except OSError as error:
        return str(error)
    return next((line for line in reversed(lines) if line), "").removeprefix("CommandError: ")
