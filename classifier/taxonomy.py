"""Sum probabilities up the taxonomy: trained class (make, model, years) → model → make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.artefact import TrainedClass
from classifier.names import car_key

MAX_CANDIDATES = 5


@dataclass(frozen=True)
class Candidate:
    """A make and model the car may be, with the likeliest years of it."""

    make: str
    model: str
    years: str
    confidence: float
    """0…1, of make and model together, over all its years."""


@dataclass(frozen=True)
class Guess:
    """One name and how sure it is."""

    name: str
    confidence: float


@dataclass(frozen=True)
class _Groups:
    """Trained class → index of its model and make; names as in the first class of each group."""

    model_of: NDArray[np.intp]
    models: tuple[tuple[str, str], ...]
    make_of: NDArray[np.intp]
    makes: tuple[str, ...]
    named: NDArray[np.bool_]
    """Per model whether an answer may name it: see `rests`."""


@lru_cache(maxsize=16)
def _groups(classes: tuple[TrainedClass, ...]) -> _Groups:
    models: dict[tuple[str, str], tuple[int, tuple[str, str]]] = {}
    makes: dict[str, tuple[int, str]] = {}
    model_of, make_of = [], []
    for one in classes:
        key = car_key(one.make, one.model)
        make_index, make = makes.setdefault(key[0], (len(makes), one.make))
        model_index, _ = models.setdefault(key, (len(models), (make, one.model)))
        make_of.append(make_index)
        model_of.append(model_index)
    return _Groups(
        model_of=np.asarray(model_of, dtype=np.intp),
        models=tuple(name for _, name in models.values()),
        make_of=np.asarray(make_of, dtype=np.intp),
        makes=tuple(name for _, name in makes.values()),
        named=~np.asarray(rests([TrainedClass(*name) for _, name in models.values()]), dtype=np.bool_),
    )


def rests(classes: Sequence[TrainedClass]) -> list[bool]:
    """Per class whether it stands for the rest of its make ("another Renault") and names no model.

    That is a class without a model among others with one. If no class has a model, none is a rest.
    """
    of_models = any(one.model for one in classes)
    return [of_models and not one.model for one in classes]


def summarise(probs: NDArray[np.floating[Any]], classes: Sequence[TrainedClass]) -> tuple[Guess, list[Candidate]]:
    """The likeliest make and up to five candidates, likeliest first.

    probs: shape (C,), one per trained class, summing to 1. The make's confidence sums over all its
    models, so the make may be certain where the model is not. The rest of a make (see rests)
    counts for the make and is no candidate. Raises ValueError if probs and classes differ in
    length or there are none.
    """
    if probs.shape != (len(classes),) or not classes:
        raise ValueError(f"{probs.shape} probabilities for {len(classes)} classes")
    groups = _groups(tuple(classes))
    exact = probs.astype(np.float64)
    by_make = np.bincount(groups.make_of, weights=exact)
    by_model = np.bincount(groups.model_of, weights=exact)
    candidates = []
    order = np.argsort(-by_model, kind="stable")
    for index in order[groups.named[order]][:MAX_CANDIDATES]:
        members = np.flatnonzero(groups.model_of == index)
        years = classes[int(members[exact[members].argmax()])].years
        make, model = groups.models[index]
        candidates.append(Candidate(make, model, years, _confidence(by_model[index])))
    best = int(by_make.argmax())
    return Guess(groups.makes[best], _confidence(by_make[best])), candidates


def members(candidate: Candidate, classes: Sequence[TrainedClass]) -> list[int]:
    """Which trained classes a candidate sums up, as indices in `classes`, of which it was made."""
    wanted = car_key(candidate.make, candidate.model)
    return [index for index, one in enumerate(classes) if car_key(one.make, one.model) == wanted]


def _confidence(value: float) -> float:
    return min(max(float(value), 0.0), 1.0)
