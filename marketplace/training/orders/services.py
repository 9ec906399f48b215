"""An operator asks for a training, or ends it. The worker and the watch do the rest."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.doorbell import ring_on_commit
from marketplace.refusals import Refused
from marketplace.training.models import TrainingOrder, TrainingRun
from marketplace.training.runs.request import PhotoSelection, RunRequest

TRAIN = "marketplace.training.tasks.train"
Status = TrainingOrder.Status


class OrderRefused(Refused):
    """The training cannot be started or ended; one clear line for the operator."""


def manifests_folder() -> Path:
    """Where manifests lie that operators may choose: on the machine that trains."""
    return Path(settings.VAR_DIR) / "manifests"


def order_start(
    *, recipe: str, decisions: bool, manifest: str, max_minutes: int, promote: str, by: User
) -> TrainingOrder:
    """Ask for a training. One at a time: raises OrderRefused, which says what runs."""
    _check_free()
    order = TrainingOrder(
        recipe=recipe, decisions=decisions, manifest=manifest, max_minutes=max_minutes, promote=promote, by=by
    )
    try:
        with transaction.atomic():
            order.full_clean(validate_unique=False, validate_constraints=False)
            order.save(force_insert=True)
            ring_on_commit(TRAIN)
    except IntegrityError as error:  # Race: two operators at once. The other one was first.
        _check_free()
        raise OrderRefused(_("Another training was started at the same moment.")) from error
    return order


def _check_free() -> None:
    order = TrainingOrder.objects.filter(is_open=True).first()
    if order is not None:
        raise OrderRefused(
            _("One training at a time: %(order)s, started by %(who)s, is not over. Wait for it, or cancel it.")
            % {"order": order, "who": order.by or "–"}
        )
    run = TrainingRun.objects.filter(status=TrainingRun.Status.RUNNING).first()
    if run is not None:
        raise OrderRefused(
            _("One training at a time: %(run)s runs since %(since)s UTC, started by %(who)s with a command.")
            % {"run": run, "since": f"{run.started_at:%Y-%m-%d %H:%M}", "who": run.by or run.operator or "–"}
        )


def order_cancel(*, order: TrainingOrder, by: User) -> TrainingOrder:
    """End a training that waits or runs. Raises OrderRefused if it is over already.

    One that runs is ended by its worker within seconds; what serves stays as it is.
    """
    now = timezone.now()
    asked = {"cancel_asked_at": now, "cancelled_by": by}
    if order_end(order=order, status=Status.CANCELLED, only=Status.WAITING, **asked):
        return order
    running = TrainingOrder.objects.filter(pk=order.pk, status=Status.RUNNING)
    if running.update(**asked) != 1:
        raise OrderRefused(_("This training is over already."))
    order.refresh_from_db()
    return order


def order_claim() -> TrainingOrder | None:
    """The order that waits, now this worker's; None if there is none."""
    order = TrainingOrder.objects.filter(status=Status.WAITING).first()
    # Race: a second worker, or the operator who cancels. One conditional update wins.
    if order is None or not _waiting(order).update(status=Status.RUNNING, alive_at=timezone.now()):
        return None
    order.refresh_from_db()
    return order


def _waiting(order: TrainingOrder) -> Any:
    return TrainingOrder.objects.filter(pk=order.pk, status=Status.WAITING)


def order_end(*, order: TrainingOrder, status: str, only: str = Status.RUNNING, **values: Any) -> bool:
    """Close an order that has the status ``only``; False if it has another one by now."""
    ended = TrainingOrder.objects.filter(pk=order.pk, status=only).update(
        status=status, is_open=None, finished_at=timezone.now(), **values
    )
    order.refresh_from_db()
    return ended == 1


def order_request(order: TrainingOrder) -> RunRequest:
    """What the order asks of a run. Raises OrderRefused if its manifest is not on this machine."""
    manifests = []
    if order.manifest:
        path = manifests_folder() / order.manifest
        if not path.is_file():
            raise OrderRefused(f"There is no {order.manifest} in {path.parent} of the machine that trains.")
        manifests.append(path)
    return RunRequest(
        photos=PhotoSelection(manifests=manifests, decisions=order.decisions),
        recipe=order.recipe,
        max_minutes=float(order.max_minutes),
        promote="auto" if order.promote == TrainingOrder.Promote.AUTO else "never",
        order=order.pk,
    )
