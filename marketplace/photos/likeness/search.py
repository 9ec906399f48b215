"""Cars on sale that match a visitor's photos: by the verdict, and by how alike they look."""

from dataclasses import dataclass

import numpy as np

from marketplace.catalogue.models import CarModel
from marketplace.listings.market.similar import listings_shown
from marketplace.listings.models import Listing
from marketplace.listings.search.names import names_now
from marketplace.listings.search.stock.loading import stock_now
from marketplace.photos.asking.answers import model_named
from marketplace.photos.likeness.kept import vectors_now
from marketplace.photos.likeness.vectors import likeness, vector_of
from marketplace.photos.models import Photo, Prediction, Question

MOST, MOST_OTHERS = 24, 12
SURE = 0.5
"""From which confidence on the likeliest model's own cars come first."""


@dataclass(frozen=True)
class Alike:
    """What is on sale like the car on the photos."""

    model: CarModel | None
    """The likeliest, if it is likelier than all others together; its cars are apart."""
    of_model: list[Listing]
    """Those that look most like the photos first."""
    others: list[Listing]


def cars_like(*, question: Question) -> Alike:
    """Both kinds, at most so many of each."""
    order = _by_looks(question)
    model = _likeliest(question)
    of_model: list[int] = []
    if model is not None:
        with stock_now() as stock:
            slots = np.flatnonzero((stock.column("model") == model.pk) & stock.column("alive"))
            of_model = [int(one) for one in stock.column("id")[slots]]
        place = {pk: number for number, pk in enumerate(order)}
        of_model.sort(key=lambda pk: (place.get(pk, len(place)), -pk))
    own = set(of_model)
    others = [pk for pk in order if pk not in own]
    return Alike(model, listings_shown(of_model[:MOST]), listings_shown(others[:MOST_OTHERS]))


def _by_looks(question: Question) -> list[int]:
    """Listings on sale by the photo of theirs that looks most like the question's, best first."""
    seen = Prediction.objects.filter(photo__question=question, outcome=Photo.Outcome.OK, log_probs__isnull=False)
    rows = list(seen.select_related("model_version").order_by("-model_version_id", "photo_id"))
    if not rows:
        return []
    version = rows[0].model_version
    own = [vector_of(bytes(one.log_probs or b"")) for one in rows if one.model_version_id == version.pk]
    asked = np.mean(own, axis=0)
    with vectors_now(version) as kept:
        vectors, owners = kept.vectors, kept.listings.copy()
    if not len(vectors):
        return []
    scores = likeness(vectors, asked / np.linalg.norm(asked))
    ranked = owners[np.argsort(-scores, kind="stable")]
    _, first = np.unique(ranked, return_index=True)
    return [int(pk) for pk in ranked[np.sort(first)] if pk][: 4 * MOST]


def _likeliest(question: Question) -> CarModel | None:
    best = question.verdict["candidates"][0] if question.verdict else None
    return model_named(names_now(), best) if best and best["confidence"] >= SURE else None
