"""Reasons that lie in what the photos say of the car, and what its seller says."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from marketplace.listings.guesses import WORTH_SAYING
from marketplace.listings.models import Listing
from marketplace.listings.verdicts import candidate_sure, model_sure
from marketplace.moderation.reasons.registry import Reason, Values
from marketplace.photos.models import Photo


def _unseen(listing: Listing) -> Values | None:
    return {} if not listing.verdict else None


def _unsure(listing: Listing) -> Values | None:
    verdict = listing.verdict
    if not verdict or model_sure(verdict) or _worth_saying(verdict["model"]):
        return None
    sure = candidate_sure(verdict["model"] or verdict["make"])
    # A threshold above 1 means that no confidence is enough.
    return {"percent": round(sure * 100), "threshold": min(100, round(verdict["thresholds"]["model"] * 100))}


def _alike(listing: Listing) -> Values | None:
    model = (listing.verdict or {}).get("model")
    if not model or not _worth_saying(model):
        return None
    return {"cars": [f"{model['make']} {model['name']}", *model["alike"]]}


def _worth_saying(model: Mapping[str, Any] | None) -> bool:
    """Whether it is a group of look-alikes that is more than a stranger's name."""
    return bool(model and model.get("alike")) and candidate_sure(model or {}) >= WORTH_SAYING


def _contradiction(listing: Listing) -> Values | None:
    if not listing.contradiction:
        return None
    model = (listing.verdict or {}).get("model") or {}
    make = (listing.verdict or {}).get("make") or {}
    seen = f"{model['make']} {model['name']}" if model else str(make.get("name", ""))
    return {
        "seen": seen,
        "percent": round((model or make).get("confidence", 0.0) * 100),
        "said": f"{listing.make_name} {listing.model_name}".strip(),
    }


def _unlisted(listing: Listing) -> Values | None:
    return {"words": listing.unlisted} if listing.unlisted else None


def _no_car(listing: Listing) -> Values | None:
    photos = listing.photos.filter(kind=Photo.Kind.OTHER).count()
    return {"photos": photos} if photos else None


def _failed(listing: Listing) -> Values | None:
    photos = listing.photos.filter(status=Photo.Status.FAILED).count()
    return {"photos": photos} if photos else None


def _filled(listing: Listing) -> Values | None:
    return None if {"make", "car_model"} <= set(listing.touched) else {}


UNSEEN = Reason("unseen", _("The photos say nothing about the car"), _unseen, holds=False)
UNSURE = Reason("unsure", _("Unsure: %(percent)s %%, sure from %(threshold)s %%"), _unsure, holds=False)
ALIKE = Reason("alike", _("Photos cannot tell them apart: %(cars)s"), _alike, holds=False)
CONTRADICTION = Reason(
    "contradiction", _("Seller and photos contradict each other: %(said)s – %(seen)s"), _contradiction, warns=True
)
UNLISTED = Reason("unlisted", _("Not in the catalogue: “%(words)s”"), _unlisted, holds=False)
NO_CAR = Reason("no_car", _("Photos without a car: %(photos)s"), _no_car, warns=True)
FAILED = Reason("failed", _("Photos that could not be looked at: %(photos)s"), _failed, holds=False)
FILLED = Reason("filled", _("The photos filled in the car; its seller did not name it"), _filled, holds=False)
