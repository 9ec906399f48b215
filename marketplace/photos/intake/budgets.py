"""What decoding costs is charged to its caller before it is done, for all web processes at once."""

from django.utils.translation import gettext as _

from classifier.decoding.errors import PictureError
from classifier.decoding.work import START, seconds_expected
from marketplace.counting import budget_spend
from marketplace.photos.intake.callers import Caller
from marketplace.photos.refusal import PhotoRejected

MILLISECONDS = 1_000


def work_charge(caller: Caller, data: bytes, kind: str) -> int:
    """Charge what decoding these bytes will take; what the caller has used of late, in ms.

    Raises PhotoRejected if the budget does not hold it. Raises PictureError for files that no
    decoder is to see; they cost their caller as much as a small photo.
    """
    refused: PictureError | None = None
    seconds = START
    try:
        seconds = seconds_expected(data, kind)
    except PictureError as error:
        refused = error
    if not caller.who:
        used = 0
    else:
        lane = caller.lane
        spent = budget_spend(
            f"decode:{lane.name}:{caller.who}",
            round(seconds * MILLISECONDS),
            per_minute=lane.seconds_per_minute * MILLISECONDS,
        )
        if not spent.allowed:
            raise PhotoRejected("too_much_work", _too_much(spent.wait), retry_after_s=spent.wait)
        used = spent.used
    if refused is not None:
        raise refused
    return used


def _too_much(seconds: int) -> str:
    return _("Your photos took a lot of work within a minute. Send the next one in %(seconds)d seconds.") % {
        "seconds": seconds
    }
