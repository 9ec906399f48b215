"""Photos that visitors gave and moderators named, as labelled photos."""

from datetime import datetime

from classifier.training.data.manifest import ManifestRow
from marketplace.moderation.labels.donations import SOURCE
from marketplace.moderation.models import LabelReview
from marketplace.photos.asking.donations import photos_donated
from marketplace.photos.copies import photo_copies


def donation_rows(*, before: datetime | None = None) -> list[ManifestRow]:
    """The photos whose label a moderator kept or corrected; one car for each question.

    They have the label that was asked about: ``labels_reviewed`` puts the answer in its place.
    before: answers made later do not count.
    """
    named = LabelReview.objects.filter(
        source=SOURCE, status__in=(LabelReview.Status.KEPT, LabelReview.Status.CORRECTED), photo__in=photos_donated()
    )
    if before is not None:
        named = named.filter(decided_at__lte=before)
    reviews = {one.photo_id: one for one in named.select_related("photo").order_by("decided_at", "pk")}
    copies = photo_copies(one.photo for one in reviews.values() if one.photo is not None)
    return [
        ManifestRow(
            path=path, file=path.name, make=one.make, model=one.model, year=one.year,
            vehicle=f"{SOURCE}/question-{one.photo.question_id}", kind="exterior", source=SOURCE,
        )
        for one in reviews.values()
        if one.photo is not None and (path := copies.get(str(one.photo.pk))) is not None
    ]  # fmt: skip
