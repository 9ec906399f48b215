"""The verdict over all photos of a listing."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from django.db.models import Exists, F, OuterRef, QuerySet

from classifier.artefact import ArtefactError
from classifier.fuse import guesses_fuse, verdict_from
from classifier.preprocess import FloatArray
from classifier.taxonomy import Candidate, Guess, summarise
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_verdict_set
from marketplace.photos.models import Photo, Prediction, Question
from marketplace.photos.recognition.taxonomy import CatalogueSpec, catalogue_spec
from marketplace.registry.models import ModelVersion
from marketplace.registry.selectors import champion_get

ALIKE_BITS = 4
"""Bits in which two perceptual hashes of one picture differ at most: scaled, compressed anew."""
SURE_OF_MAKE = 0.9
"""What two photos of one advertisement must reach to be taken for two cars."""

log = structlog.get_logger(__name__)


def verdict_refresh(*, listing_id: int) -> None:
    """Fuse the listing's usable photos again and store the verdict. Needs a transaction."""
    # Race: two workers may finish two photos of one listing at once. Each locks the listing before
    # it reads the predictions, so that the second one sees what the first one wrote.
    if not Listing.objects.select_for_update().filter(pk=listing_id).exists():
        return
    photos = Photo.objects.filter(listing_id=listing_id)
    listing_verdict_set(listing_id=listing_id, verdict=_verdict(photos))


def question_refresh(*, photo_id: UUID) -> None:
    """The same for the visitor's question that a photo belongs to, if it does."""
    question = Question.objects.select_for_update().filter(photos=photo_id).first()
    if question is not None:
        question.verdict = _verdict(Photo.objects.filter(question=question))
        question.save(update_fields=["verdict"])


def _verdict(photos: QuerySet[Photo]) -> dict[str, Any] | None:
    """The verdict over these photos of one car."""
    predictions = list(
        Prediction.objects.filter(
            photo__in=photos,
            photo__status=Photo.Status.DONE,
            outcome=Photo.Outcome.OK,
            log_probs__isnull=False,
        )
        .select_related("model_version")
        .annotate(phash=F("photo__phash"), position=F("photo__position"))
        .order_by("-model_version_id", "position", "photo_id")
    )
    if not predictions:
        return None
    # Probabilities over different class lists cannot be multiplied, so one version decides: the
    # champion if it has recognised every photo, as it may have before a rollback; else the version
    # with most photos, the newer one of equals (most_common keeps the order of first occurrence).
    versions = [version for version, _ in Counter(one.model_version for one in predictions).most_common()]
    champion = champion_get()
    if champion is not None and _looked_at_all(champion, photos):
        if champion not in versions:
            return None  # it found no photo usable
        versions = [champion, *(version for version in versions if version != champion)]
    for version in versions:
        try:
            known = catalogue_spec(version)
        except ArtefactError as error:
            # An operator removed an old version's folder, so its numbers cannot be read any more.
            # Raising would keep the listing's photos from being finished, swept or removed.
            log.warning("verdict_version_unreadable", version=version.version, error=str(error))
            continue
        return _fused(predictions, version, known)
    return None


def _looked_at_all(version: ModelVersion, photos: QuerySet[Photo]) -> bool:
    seen = Prediction.objects.filter(photo=OuterRef("pk"), model_version=version)
    return not photos.filter(~Exists(seen), status=Photo.Status.DONE).exists()


def _body(predictions: Sequence[Prediction]) -> dict[str, Any] | None:
    """The body type over all photos; None if no photo has any."""
    latest = _latest([one for one in predictions if one.bodies])
    return _pooled([(one.bodies, one.body_threshold) for one in latest])


def _colour(predictions: Sequence[Prediction]) -> dict[str, Any] | None:
    """The colour over all photos; None if no photo has any."""
    latest = _latest([one for one in predictions if one.colours])
    return _pooled([(one.colours, one.colour_threshold) for one in latest])


def _latest(predictions: Sequence[Prediction]) -> list[Prediction]:
    """Each photo's last one, of whatever version: bodies and colours are matched by name."""
    return list({one.photo_id: one for one in sorted(predictions, key=lambda one: (one.created_at, one.pk))}.values())


def _pooled(said: Sequence[tuple[list[Any], float | None]]) -> dict[str, Any] | None:
    """The best guess over photos; said: of each photo its guesses and their threshold, if known."""
    thresholds = [least for _, least in said if least is not None]
    if not thresholds:
        return None
    best = guesses_fuse([[Guess(*one) for one in guesses] for guesses, _ in said])[0]
    return {"name": best.name, "confidence": best.confidence, "threshold": max(thresholds)}


def _fused(predictions: Sequence[Prediction], version: ModelVersion, known: CatalogueSpec) -> dict[str, Any] | None:
    """One version's verdict over its photos; body and colour over all photos."""
    spec = known.spec
    log_probs = [
        np.frombuffer(bytes(prediction.log_probs), dtype="<f2").astype(np.float32)
        for prediction in _distinct(predictions)
        if prediction.model_version_id == version.pk and prediction.log_probs is not None
    ]
    verdict = verdict_from(log_probs, known.classes, alpha=spec.fusion_alpha)
    if verdict is None:
        return None
    best = verdict.candidates[0] if verdict.model is not None else None  # a class may name a make only
    return {
        "version": version.version,
        "photos_used": verdict.photos_used,
        "make": {"name": verdict.make.name, "confidence": verdict.make.confidence},
        "model": best and _model(best),
        "candidates": [one.document() for one in verdict.candidates],
        "thresholds": {"make": spec.thresholds.make, "model": spec.thresholds.model},
        "body": _body(predictions),
        "colour": _colour(predictions),
        "other_car": _other_car(log_probs, known, verdict.make.name),
    }


def _model(best: Candidate) -> dict[str, Any]:
    """The likeliest candidate in the shape of Listing.verdict."""
    said = best.document()
    return {"name": said["model"], **{name: said[name] for name in said if name not in {"model", "years"}}}


def _distinct(predictions: Sequence[Prediction]) -> list[Prediction]:
    """Without those of pictures that an earlier photo shows already.

    The same picture twice is no second opinion, however often it was uploaded.
    """
    kept: list[Prediction] = []
    seen: dict[int, list[int]] = defaultdict(list)
    for one in predictions:
        phash = int(one.phash, 16) if one.phash else None  # type: ignore[attr-defined]  # annotated in _verdict
        before = seen[one.model_version_id]
        if phash is None:
            kept.append(one)
        elif all((phash ^ other).bit_count() > ALIKE_BITS for other in before):
            kept.append(one)
            before.append(phash)
    return kept


def _other_car(log_probs: Sequence[FloatArray], known: CatalogueSpec, make: str) -> str:
    """The name of a car of another make that a photo surely shows; "" if there is none.

    Another photo has to be as sure of the verdict's make: else the photos are one doubtful car.
    """
    surely: dict[str, str] = {}
    for one in log_probs:
        seen, (best, *_) = summarise(np.exp(one), known.classes)
        if seen.confidence >= SURE_OF_MAKE:
            surely.setdefault(seen.name, " ".join(filter(None, (best.make, best.model))))
    others = [car for name, car in surely.items() if name != make]
    return others[0] if others and make in surely else ""
