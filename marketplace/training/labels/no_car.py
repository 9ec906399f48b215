"""Photos that show no car, as moderators said: what a photo kind "other" is learned from."""

from datetime import datetime

from classifier.attributes import OTHER
from classifier.training.data.manifest import DECISIONS, ManifestRow
from marketplace.moderation.decisions.rejections import NO_CAR, no_car_codes
from marketplace.moderation.models import Decision, LabelReview
from marketplace.photos.copies import photo_copies
from marketplace.photos.models import Photo


def no_car_rows(*, newest: dict[int, Decision]) -> list[ManifestRow]:
    """The photos of listings that were rejected because there is no car on them, and those whose
    label a moderator answered so.

    newest: each listing's newest decision, by the listing's key. Photos that came after it, and
    those whose file is gone, are left out.
    """
    codes = no_car_codes()
    rejected = {
        listing: decision.created_at
        for listing, decision in newest.items()
        if decision.action in (Decision.Action.REJECT, Decision.Action.DOWN)
        and (codes & set(decision.templates) or decision.reason == NO_CAR)
    }
    answered = {
        review.photo_id: review.decided_at
        for review in LabelReview.objects.filter(status=LabelReview.Status.NO_CAR)
        if review.photo_id is not None
    }
    photos = Photo.objects.filter(listing_id__in=rejected) | Photo.objects.filter(pk__in=answered)
    wanted = list(photos.select_related("listing").order_by("listing_id", "position", "pk"))
    copies = photo_copies(wanted)
    rows = []
    for photo in wanted:
        said: datetime | None = answered.get(photo.pk) or rejected.get(photo.listing_id or 0)
        path = copies.get(str(photo.pk))
        if photo.listing is None or said is None or photo.created_at > said or path is None:
            continue
        vehicle = f"{DECISIONS}/listing-{photo.listing.code}"
        rows.append(
            ManifestRow(path=path, file=path.name, make="", model="", vehicle=vehicle, kind=OTHER, source=DECISIONS)
        )
    return rows
