"""What people said that photos show, as rows to train and measure the attribute classifier on."""

from classifier.training.data.manifest import DECISIONS, ManifestRow
from marketplace.moderation.models import KindLabel
from marketplace.photos.copies import photo_copies
from marketplace.photos.models import Photo


def kinds_said() -> dict[str, str]:
    """The kind that a person gave a photo, by the photo's key."""
    said = KindLabel.objects.exclude(kind="").values_list("photo", "kind")
    return {str(photo): kind for photo, kind in said}


def not_exterior() -> list[str]:
    """The keys of photos that show no whole car, as a person said: no class learns from them."""
    said = KindLabel.objects.exclude(kind__in=("", Photo.Kind.EXTERIOR))
    return [str(photo) for photo in said.values_list("photo", flat=True)]


def kind_rows() -> list[ManifestRow]:
    """A row for every photo whose kind a person said; none names a car. Those whose file is gone
    are left out."""
    kinds = kinds_said()
    photos = list(Photo.objects.filter(pk__in=kinds).select_related("listing").order_by("listing", "position", "pk"))
    copies = photo_copies(photos)
    rows = []
    for photo in photos:
        path = copies.get(str(photo.pk))
        if path is None or photo.listing is None:
            continue
        vehicle = f"{DECISIONS}/listing-{photo.listing.code}"
        kind = kinds[str(photo.pk)]
        rows.append(
            ManifestRow(path=path, file=path.name, make="", model="", vehicle=vehicle, kind=kind, source=DECISIONS)
        )
    return rows
