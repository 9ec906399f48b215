"""What all photos of a listing say together."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import structlog
from django.db.models import Exists, OuterRef

from classifier.artefact import ArtefactError
from classifier.fuse import bodies_fuse, verdict_from
from classifier.taxonomy import Guess
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_verdict_set
from marketplace.photos.models import Photo, Prediction
from marketplace.photos.taxonomy import CatalogueSpec, catalogue_spec
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get

log = structlog.get_logger(__name__)


def verdict_refresh(*, listing_id: int) -> None:
    """Fuse the listing's usable photos anew and hand the verdict to the listing. Call it inside a transaction."""
    # Two workers may finish two photos of one listing at once. They queue here, before either reads the predictions,
    # so that the second one sees what the first one wrote. Gone: deleted meanwhile, nothing to say.
    if not Listing.objects.select_for_update().filter(pk=listing_id).exists():
        return
    listing_verdict_set(listing_id=listing_id, verdict=_verdict(listing_id))


def _verdict(listing_id: int) -> dict[str, Any] | None:
    predictions = list(
        Prediction.objects.filter(
            photo__listing_id=listing_id,
            photo__status=Photo.Status.DONE,
            outcome=Photo.Outcome.OK,
            log_probs__isnull=False,
        )
        .select_related("model_version")
        .order_by("-model_version_id")
    )
    if not predictions:
        return None
    # Probabilities over different class lists cannot be multiplied: one version speaks. That is the champion where it
    # has looked at every photo, also after others that saw them, too, before a rollback. Else the one that saw most of
    # the photos, the newer one if two saw as many (most_common keeps the order of first sight).
    versions = [version for version, _ in Counter(one.model_version for one in predictions).most_common()]
    champion = champion_get()
    if champion is not None and _looked_at_all(champion, listing_id):
        if champion not in versions:
            return None  # it found none of them usable
        versions = [champion, *(version for version in versions if version != champion)]
    for version in versions:
        try:
            known = catalogue_spec(version)
        except ArtefactError as error:
            # An operator made room and removed an old version's folder: nobody can read its numbers any more. Raising
            # would keep the listing's photos from ever being finished, swept up or removed.
            log.warning("verdict_version_unreadable", version=version.version, listing=listing_id, error=str(error))
            continue
        return _fused(predictions, version, known)
    return None


def _looked_at_all(version: ModelVersion, listing_id: int) -> bool:
    seen = Prediction.objects.filter(photo=OuterRef("pk"), model_version=version)
    return not Photo.objects.filter(~Exists(seen), listing_id=listing_id, status=Photo.Status.DONE).exists()


def _body(predictions: Sequence[Prediction]) -> dict[str, Any] | None:
    """The body type that all photos say together; None if none says any.

    Of every version: bodies go by their names, and it is not the make and model's network that tells them.
    """
    latest = {one.photo_id: one for one in sorted(predictions, key=lambda one: (one.created_at, one.pk)) if one.bodies}
    thresholds = [one.body_threshold for one in latest.values() if one.body_threshold is not None]
    if not thresholds:
        return None
    best = bodies_fuse([[Guess(*body) for body in one.bodies] for one in latest.values()])[0]
    return {"name": best.name, "confidence": best.confidence, "threshold": max(thresholds)}


def _fused(predictions: Sequence[Prediction], version: ModelVersion, known: CatalogueSpec) -> dict[str, Any] | None:
    """The verdict of one version on the photos that it saw, and the body that all photos show."""
    spec = known.spec
    log_probs = [
        np.frombuffer(bytes(prediction.log_probs), dtype="<f2").astype(np.float32)
        for prediction in predictions
        if prediction.model_version_id == version.pk and prediction.log_probs is not None
    ]
    verdict = verdict_from(log_probs, known.classes, alpha=spec.fusion_alpha)
    if verdict is None:
        return None
    best = verdict.candidates[0] if verdict.model is not None else None  # a class may name no more than a make
    return {
        "version": version.version,
        "photos_used": verdict.photos_used,
        "make": {"name": verdict.make.name, "confidence": verdict.make.confidence},
        "model": best and {"make": best.make, "name": best.model, "confidence": best.confidence},
        "candidates": [
            {"make": c.make, "model": c.model, "years": c.years, "confidence": c.confidence} for c in verdict.candidates
        ],
        "thresholds": {"make": spec.thresholds.make, "model": spec.thresholds.model},
        "body": _body(predictions),
    }
