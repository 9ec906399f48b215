"""Sum probabilities up the taxonomy: trained class (make, model, years) → model → make.

Models that photos cannot tell apart (look_alikes.toml) share most of their confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.artefact import TrainedClass
from classifier.look_alikes import Car, look_alikes
from classifier.names import car_key

MAX_CANDIDATES = 5
SHARED = 0.8
"""Of a model's confidence, the part that it shares evenly with its look-alikes.

1 would say that photos tell nothing of which it is; below it the likelier stays the likelier. Of
two look-alikes none is ever surer than 0.6."""
LISTS_KEPT = 16
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """A make and model the car may be, with the likeliest years of it."""

    make: str
    model: str
    years: str
    confidence: float
    """0…1, of make and model together, over all its years; shared with its look-alikes."""
    alike: tuple[str, ...] = ()
    """The make and model of each car that photos cannot tell from it, the likeliest first, also of
    those that the artefact does not know."""
    group_confidence: float = 0.0
    """0…1, that it is this or one of `alike`, if there are any."""

    def sure(self, threshold: float) -> bool:
        """Whether a form may fill the model in: sure enough, and photos can tell it."""
        return self.confidence >= threshold and not self.alike

    def document(self) -> dict[str, Any]:
        """Fit for JSON, under the names of the fields."""
        together = max(self.group_confidence, self.confidence)
        return {**asdict(self), "alike": list(self.alike), "group_confidence": together}


@dataclass(frozen=True)
class Guess:
    """One name and how sure it is."""

    name: str
    confidence: float


@dataclass(frozen=True)
class _Alike:
    """Groups of look-alikes among the trained classes: which model is a member of which.

    A member is a model with the classes of it that are of the group's years, or a car of the table
    that is no trained model.
    """

    classes: NDArray[np.intp]
    """(K,): the classes in any group."""
    member_of: NDArray[np.intp]
    """(K,): the trained member that each of them is of."""
    models: NDArray[np.intp]
    """(T,): each trained member's model."""
    group_of: NDArray[np.intp]
    """(T,): its group."""
    size: NDArray[np.float64]
    """(G,): how many members a group has, trained or not."""
    other_makes: NDArray[np.intp]
    """(U,): the make of each untrained member whose make is a trained one."""
    other_groups: NDArray[np.intp]
    """(U,): its group."""
    untrained: tuple[tuple[str, ...], ...]
    """Per group the names of its untrained members."""


@dataclass(frozen=True)
class _Groups:
    """Trained class → index of its model and make; names as in the first class of each group."""

    classes: tuple[TrainedClass, ...]
    model_of: NDArray[np.intp]
    models: tuple[tuple[str, str], ...]
    make_of_model: NDArray[np.intp]
    makes: tuple[str, ...]
    named: NDArray[np.intp]
    """The models that an answer may name: see `rests`."""
    classes_of: tuple[list[int], ...]
    """Per model its classes."""
    alike: _Alike
    member_of: dict[int, int]
    """Class in a group → the member that it is of."""


_known: dict[int, tuple[tuple[TrainedClass, ...], _Groups]] = {}


def _groups(classes: Sequence[TrainedClass]) -> _Groups:
    """What summarise needs to know of a class list.

    Callers hold on to one tuple, so it is found by identity: hashing hundreds of classes takes
    longer than summing them up. The entry holds the tuple, so that no other can get its id.
    """
    if not isinstance(classes, tuple):
        return _groups_of(tuple(classes))
    found = _known.get(id(classes))
    if found is None:
        if len(_known) >= LISTS_KEPT:
            _known.clear()
        found = _known[id(classes)] = classes, _groups_of(classes)
    return found[1]


@lru_cache(maxsize=LISTS_KEPT)
def _groups_of(classes: tuple[TrainedClass, ...]) -> _Groups:
    models: dict[tuple[str, str], tuple[int, tuple[str, str]]] = {}
    makes: dict[str, tuple[int, str]] = {}
    model_of = []
    for one in classes:
        key = car_key(one.make, one.model)
        _, make = makes.setdefault(key[0], (len(makes), one.make))
        model_index, _ = models.setdefault(key, (len(models), (make, one.model)))
        model_of.append(model_index)
    alike = _alike(classes, model_of, {make: index for make, (index, _) in makes.items()})
    return _Groups(
        classes=classes,
        model_of=np.asarray(model_of, dtype=np.intp),
        models=tuple(name for _, name in models.values()),
        make_of_model=np.asarray([makes[make][0] for make, _ in models], dtype=np.intp),
        makes=tuple(name for _, name in makes.values()),
        named=np.flatnonzero(~np.asarray(rests([TrainedClass(*name) for _, name in models.values()]))),
        classes_of=tuple(np.flatnonzero(np.equal(model_of, index)).tolist() for index in range(len(models))),
        alike=alike,
        member_of=dict(zip(alike.classes.tolist(), alike.member_of.tolist(), strict=True)),
    )


def _alike(classes: Sequence[TrainedClass], model_of: Sequence[int], makes: dict[str, int]) -> _Alike:
    """The look-alikes among the classes. makes: key of each trained make → its index."""
    table = look_alikes()
    places = [table.place(one.make, one.model, one.years) for one in classes]
    grouped = [at for at, place in enumerate(places) if place is not None]
    numbers: dict[int, int] = {}  # of a group in the table → among those with a trained member
    members: dict[tuple[int, int], int] = {}
    member_of = []
    trained: set[tuple[int, int]] = set()
    for at in grouped:
        place = places[at]
        if place is not None:
            trained.add(place)
            group = numbers.setdefault(place[0], len(numbers))
            member_of.append(members.setdefault((group, model_of[at]), len(members)))
    untrained = tuple(
        tuple(car for at, car in enumerate(table.groups[number].cars) if (number, at) not in trained)
        if table.groups[number].counts_unknown
        else ()
        for number in numbers
    )
    others = [
        (makes[car_key(*car)[0]], group)
        for group, cars in enumerate(untrained)
        for car in cars
        if car_key(*car)[0] in makes
    ]
    size = np.asarray([len(cars) for cars in untrained], dtype=np.float64)
    group_of = np.asarray([group for group, _ in members], dtype=np.intp)
    np.add.at(size, group_of, 1)
    return _Alike(
        classes=np.asarray(grouped, dtype=np.intp),
        member_of=np.asarray(member_of, dtype=np.intp),
        models=np.asarray([model for _, model in members], dtype=np.intp),
        group_of=group_of,
        size=size,
        other_makes=np.asarray([make for make, _ in others], dtype=np.intp),
        other_groups=np.asarray([group for _, group in others], dtype=np.intp),
        untrained=tuple(tuple(map(str, cars)) for cars in untrained),
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
    counts for the make and is no candidate.

    Look-alikes share: of each, the part SHARED goes to all of its group evenly, also to those that
    the artefact does not know, whose part counts for their make if that is known, and else for
    nobody. The first candidate and the make are those that were likeliest before.

    Raises ValueError if probs and classes differ in length or there are none.
    """
    if probs.shape != (len(classes),) or not classes:
        raise ValueError(f"{probs.shape} probabilities for {len(classes)} classes")
    groups = _groups(classes)
    exact = probs.astype(np.float64)
    own = _summed(groups.model_of, exact, len(groups.models))
    best_make = int(_summed(groups.make_of_model, own, len(groups.makes)).argmax())
    by_model, by_make = _shared(exact, own, groups)
    first = int(groups.named[own[groups.named].argmax()])
    likely = groups.named[np.argsort(-by_model[groups.named], kind="stable")[:MAX_CANDIDATES]].tolist()
    chosen = [first, *(index for index in likely if index != first)][:MAX_CANDIDATES]
    candidates = [_candidate(index, exact, own, by_model, groups) for index in chosen]
    return Guess(groups.makes[best_make], _confidence(by_make[best_make])), candidates


def _shared(exact: Floats, own: Floats, groups: _Groups) -> tuple[Floats, Floats]:
    """The confidence of each model and of each make after look-alikes have shared theirs."""
    alike = groups.alike
    of_members = _summed(alike.member_of, exact[alike.classes], len(alike.models))
    parts = SHARED * _summed(alike.group_of, of_members, len(alike.size)) / alike.size
    change = parts[alike.group_of] - SHARED * of_members
    by_model = own + _summed(alike.models, change, len(own))
    by_make = _summed(groups.make_of_model, by_model, len(groups.makes))
    return by_model, by_make + _summed(alike.other_makes, parts[alike.other_groups], len(groups.makes))


def _summed(places: NDArray[np.intp], values: Floats, size: int) -> Floats:
    """(size,): the sum of the values at each place."""
    return np.bincount(places, weights=values, minlength=size).astype(np.float64, copy=False)


def _candidate(index: int, exact: Floats, own: Floats, by_model: Floats, groups: _Groups) -> Candidate:
    """The candidate for a model; it has look-alikes if its likeliest class is in a group."""
    make, model = groups.models[index]
    likeliest = max(groups.classes_of[index], key=exact.__getitem__)
    years, confidence = groups.classes[likeliest].years, _confidence(by_model[index])
    member = groups.member_of.get(likeliest)
    if member is None:
        return Candidate(make, model, years, confidence)
    alike = groups.alike
    group = alike.group_of[member]
    members = alike.models[alike.group_of == group]
    others = sorted((int(one) for one in members if one != index), key=lambda one: -by_model[one])
    names = (*(str(Car(*groups.models[one])) for one in others), *alike.untrained[group])
    # What members share stays among them, so the group is as sure as all of them were before.
    return Candidate(make, model, years, confidence, names, _confidence(own[members].sum()))


def members(candidate: Candidate, classes: Sequence[TrainedClass]) -> list[int]:
    """Which trained classes a candidate sums up, as indices in `classes`, of which it was made."""
    wanted = car_key(candidate.make, candidate.model)
    return [index for index, one in enumerate(classes) if car_key(one.make, one.model) == wanted]


def _confidence(value: float) -> float:
    return min(max(float(value), 0.0), 1.0)
