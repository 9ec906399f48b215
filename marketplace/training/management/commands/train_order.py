import os
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from classifier.training.errors import ReportError, TrainError
from classifier.training.progress import Progress
from classifier.training.recipe import RecipeError
from marketplace.commands import InputRefused, Outcome, ServiceCommand
from marketplace.training.models import TrainingOrder
from marketplace.training.orders.services import order_request
from marketplace.training.promotion.gates import gates_missed
from marketplace.training.runs.services import retrain

LEAST = 19
"""The lowest priority that there is: what serves goes first."""


class Command(ServiceCommand):
    help = "What the training worker starts for each order from the operators' page; `retrain` is for people."
    refusals: ClassVar[tuple[type[Exception], ...]] = (RecipeError, ReportError, TrainError)

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("order", type=int)

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        os.nice(LEAST)
        order = TrainingOrder.objects.filter(pk=options["order"]).select_related("by").first()
        if order is None:
            raise InputRefused(f"There is no order {options['order']}.")
        done = retrain(request=order_request(order), by=order.by, progress=progress)
        missed = gates_missed(done.gates)
        document = {"run": done.run.pk, "version": done.version.version, "promoted": done.run.promoted}
        return Outcome(
            document, f"Run {done.run.pk}: {done.version}", failed=f"Not promoted: {missed}." if missed else ""
        )
