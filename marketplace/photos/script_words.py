"""What static/js/upload.js says, in the visitor's language; the page carries it as JSON."""

from django.conf import settings
from django.utils.translation import gettext as _


def upload_words() -> dict[str, str]:
    """Words in braces are filled in by the script."""
    return {
        "waiting": _("Waiting"),
        "sent": _("{share} sent"),
        "arrived": _("Arrived"),
        "checking": _("Checking the picture"),
        "shrinking": _("Making it smaller"),
        "uploading": _("Uploading {name}"),
        "cancel": _("Cancel"),
        "again": _("Try again"),
        "close": _("Close"),
        "broke": _("The connection broke. Nothing is lost: try it again."),
        "stalled": _("Nothing moved for a while. Try it again."),
        "already": _("This photo is in your advertisement already."),
        "fault": _("Something went wrong here. Please try again."),
        "tooLarge": _("This file is {size} MB; the limit is %(limit)s MB, and your browser cannot make it smaller.")
        % {"limit": settings.PHOTO_MAX_BYTES // 2**20},
    }
