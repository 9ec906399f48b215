"""The reason that lies in photos which another seller has shown, too."""

from django.utils.translation import gettext_lazy as _

from marketplace.listings.models import Listing
from marketplace.moderation.models import CopiedPhoto
from marketplace.moderation.reasons.registry import Reason, Values


def _copied(listing: Listing) -> Values | None:
    photos = CopiedPhoto.objects.filter(listing=listing).count()
    return {"photos": photos} if photos else None


COPIED = Reason(
    "copied", _("Photos that another seller has shown, too: %(photos)s"), _copied, warns=True, holds=False
)  # fmt: skip
