"""Finds makes and models by any of their names.

Each call is one to four indexed queries; nothing is kept in memory.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import NamedTuple

from django.db.models import Q, QuerySet

from marketplace.catalogue.models import CarModel, Make, MakeAlias, ModelAlias
from marketplace.catalogue.names import name_key, name_words, without_body

MAX_WORDS = 16  # more words of a text are not read: make and model come first
MAX_MAKE_LETTERS = 40
KEYS_AT_ONCE = 10_000  # in one query: SQLite may allow 32,766


class Resolved(NamedTuple):
    """The catalogue's make and model for two names; None for a name that it does not know."""

    make: Make | None
    car_model: CarModel | None


def make_list() -> QuerySet[Make]:
    """All makes by name."""
    return Make.objects.all()


def model_list(*, make: Make) -> QuerySet[CarModel]:
    """All models of a make by name."""
    return CarModel.objects.filter(make=make)


def words_in(text: str, *key_columns: str) -> Q:
    """Rows whose keys contain every word of the text; none if the text has no letter or digit.

    Each word may be in any of the columns. Keys are compared because no database folds names as
    Python does: SQLite folds only A to Z, and neither it nor PostgreSQL folds accents.
    """
    words = name_words(text)
    found = Q() if words else Q(pk__in=[])
    for word in words:
        found &= reduce(or_, (Q((f"{column}__contains", word)) for column in key_columns))
    return found


def make_aliases() -> dict[str, str]:
    """Every alias of a make, with the make's own name."""
    return dict(MakeAlias.objects.values_list("text", "make__name"))


def model_spelled(make: str, model: str) -> str:
    """The model as the catalogue spells it, if it has a model of this name; else unchanged.

    Aliases are not used: one may say more than the model's name ("3 Series Sedan"), and a manifest
    should keep that.
    """
    found = CarModel.objects.filter(make__key=name_key(make), key=name_key(model)).first()
    return found.name if found else model


def make_find(text: str) -> Make | None:
    """The make with this name or alias: ``"VW"``, ``"mercedes benz"``, ``"SKODA"``."""
    key = name_key(text)
    return _makes_among([key]).get(key)


def model_find(*, make: Make, text: str) -> CarModel | None:
    """The make's model with this name or alias: ``"3 series"``, ``"320d"``, ``"serie_3"``.

    The make's own name in front is ignored ("Lada 2107" of Lada). If the whole text is unknown,
    body words and years at its end are ignored too ("Golf GTI Hatchback 2012"). Other words are
    not: an unknown word may make it another model (Corolla Cross).
    """
    return _model_among(make, _model_keys(make, text))


def catalogue_resolve(*, make: str, model: str) -> Resolved:
    """The catalogue's car for a make and model as a classifier or a manifest names them.

    Stanford's "BMW", "3 Series Sedan" is the BMW 3 Series. The model is looked up within the make
    only, so without a known make there is none.
    """
    found = make_find(make)
    return Resolved(found, model_find(make=found, text=model) if found else None)


def catalogue_resolve_many(cars: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Resolved]:
    """catalogue_resolve for every (make, model).

    It takes four queries in all, or a few more for tens of thousands of cars.
    """
    wanted = list(dict.fromkeys(cars))
    makes = _makes_among(sorted({name_key(make) for make, _ in wanted}))
    found = [makes.get(name_key(make)) for make, _ in wanted]
    keys = [_model_keys(one, model) if one else [] for one, (_, model) in zip(found, wanted, strict=True)]
    models = _models_of(
        makes=sorted({one.pk for one in found if one}), keys=sorted({key for some in keys for key in some})
    )
    return {
        car: Resolved(one, next((models[one.pk, key] for key in some if (one.pk, key) in models), None))
        if one
        else Resolved(None, None)
        for car, one, some in zip(wanted, found, keys, strict=True)
    }


def car_find(text: str) -> tuple[Make, CarModel | None] | None:
    """Make and model in one text: ``"VW - VOLKSWAGEN UP!"``, ``"mercedes-benz_serie_c"``.

    The make comes first. The longest known make and the longest known model after it win; whatever
    follows (engine, trim, body, year) is ignored. None if the text does not begin with a make.
    """
    words = name_words(text)[:MAX_WORDS]
    heads = list(accumulate(words))
    makes = _makes_among(heads)
    first: Make | None = None
    for count in range(len(words), 0, -1):
        make = makes.get(heads[count - 1])
        if make is None:
            continue
        keys = [key for start in _after_make(make, words[count:]) for key in reversed(list(accumulate(start)))]
        model = _model_among(make, keys)
        if model:
            return make, model
        first = first or make
    return (first, None) if first else _car_in_one_word("".join(words))


def car_exact(text: str) -> tuple[Make, CarModel] | None:
    """Make and model named in full, with nothing after them: ``"Peugeot 206"``; else None."""
    words = name_words(text)[:MAX_WORDS]
    makes = _makes_among(list(accumulate(words)))
    for count in range(len(words) - 1, 0, -1):
        make = makes.get("".join(words[:count]))
        model = _model_among(make, ["".join(words[count:])]) if make else None
        if make and model:
            return make, model
    return None


def _car_in_one_word(key: str) -> tuple[Make, CarModel] | None:
    """Make and model written as one word ("volkswagenup").

    Both must be known in full, because parts of words would match by chance.
    """
    makes = _makes_among([key[:length] for length in range(1, min(len(key), MAX_MAKE_LETTERS))])
    for start in sorted(makes, key=len, reverse=True):
        model = _model_among(makes[start], [key[len(start) :]])
        if model:
            return makes[start], model
    return None


def _after_make(make: Make, words: list[str]) -> list[list[str]]:
    """The words, and also the words after the make's own name if they begin with it."""
    for count, head in enumerate(accumulate(words), start=1):
        if head == make.key and count < len(words):
            return [words, words[count:]]
    return [words]


def _makes_among(keys: Sequence[str]) -> dict[str, Make]:
    """The makes named by these keys, by key. A make's name takes precedence over an alias."""
    aliases = MakeAlias.objects.filter(key__in=keys).select_related("make")
    found = {alias.key: alias.make for alias in aliases}
    found.update({make.key: make for make in Make.objects.filter(key__in=keys)})
    return found


def _model_keys(make: Make, text: str) -> list[str]:
    """The keys that may name the model, best first; see model_find."""
    words = name_words(text)[:MAX_WORDS]
    return [key for start in _after_make(make, words) for key in map("".join, without_body(start))]


def _model_among(make: Make, keys: Sequence[str]) -> CarModel | None:
    """The make's model named by the first key that names one."""
    if not keys:
        return None
    found = _models_of(makes=[make.pk], keys=keys)
    return next((found[make.pk, key] for key in keys if (make.pk, key) in found), None)


def _models_of(*, makes: Sequence[int], keys: Sequence[str]) -> dict[tuple[int, str], CarModel]:
    """The models named by these keys, by make and key. A name takes precedence over an alias."""
    named: dict[tuple[int, str], CarModel] = {}
    other: dict[tuple[int, str], CarModel] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        aliases = ModelAlias.objects.filter(make__in=makes, key__in=some).select_related("car_model")
        other |= {(alias.make_id, alias.key): alias.car_model for alias in aliases}
        models = CarModel.objects.filter(make__in=makes, key__in=some)
        named |= {(model.make_id, model.key): model for model in models}
    return other | named
