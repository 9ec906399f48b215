"""What static/js/autosave.js says, in the visitor's language; the page carries it as JSON."""

from django.utils.translation import gettext as _


def save_words() -> dict[str, str]:
    return {
        "promise": _("Saved as a draft as you type."),
        "saving": _("Saving …"),
        "signedOut": _("Not saved: you are signed out."),
        "tooOld": _("Not saved: this page was open for too long. Reload it; what you typed comes back."),
        "gone": _("Not saved: this advertisement was deleted, or belongs to another account."),
        "refused": _("Not saved: the site does not accept this."),
        "retryKept": _("Not saved yet: we cannot reach the site. Trying again; a reload loses nothing."),
        "retryOpen": _("Not saved yet: we cannot reach the site. Trying again. Please leave this page open."),
        "fault": _("Not saved yet: there is a fault on our side. Trying again."),
    }
