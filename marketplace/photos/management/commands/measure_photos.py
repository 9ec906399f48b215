from typing import Any

from classifier.training.progress import Progress
from marketplace.commands import Outcome, ServiceCommand
from marketplace.photos.measuring import photos_measure


class Command(ServiceCommand):
    help = "Measure photos from before copies were looked for and quality was told; can be stopped and run again."

    def work(self, *, progress: Progress, **options: Any) -> Outcome:
        done = failed = 0
        for measured in photos_measure():
            done, failed = done + measured, failed + (not measured)
            progress.note(f"{done} measured, {failed} could not be")
        document = {"measured": done, "failed": failed}
        return Outcome(document, f"{done} photos measured; {failed} could not be read.")
