"""The catalogue's names in memory, for reading what people type.

Some thousand names; read again when the catalogue's history says that it changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from django.db import connection
from rapidfuzz import process
from rapidfuzz.distance import OSA

from marketplace.catalogue.models import CarModel, Make, MakeAlias, ModelAlias
from marketplace.catalogue.names import name_words

ALIKE = 0.8
"""The least share of letters in place for which one word is taken as a slip of another."""
LEAST_LETTERS = 4  # of a word that may be a slip; of shorter ones too many are alike


@dataclass
class Names:
    """Makes and models by their names and aliases; a name takes precedence over an alias."""

    makes: dict[str, Make] = field(default_factory=dict)
    """By key."""
    models: dict[tuple[int, str], CarModel] = field(default_factory=dict)
    """By make and key."""
    by_key: dict[str, list[CarModel]] = field(default_factory=lambda: defaultdict(list))
    """Models of every make that has one of this name or alias."""
    by_first_word: dict[tuple[int, str], CarModel] = field(default_factory=dict)
    """By make and the first word of the name: of several the one with the shortest name."""
    # By the words of addresses.
    make_slugs: dict[str, Make] = field(default_factory=dict)
    model_slugs: dict[tuple[int, str], CarModel] = field(default_factory=dict)
    make_ids: dict[int, Make] = field(default_factory=dict)
    model_ids: dict[int, CarModel] = field(default_factory=dict)

    def make_begun(self, word: str) -> Make | None:
        """The only make with a name or alias that begins so."""
        found = {make.pk: make for key, make in self.makes.items() if key.startswith(word)}
        return next(iter(found.values())) if len(found) == 1 else None

    def makes_alike(self, word: str) -> Make | None:
        """The make whose name this is with a slip of the finger."""
        key = most_alike(word, self.makes)
        return self.makes[key] if key else None

    def models_alike(self, word: str, makes: Iterable[Make]) -> list[CarModel]:
        """As makes_alike, models of these makes; without any, of all."""
        ids = {make.pk for make in makes}
        keys = [key for make, key in self.models if make in ids] if ids else list(self.by_key)
        key = most_alike(word, keys)
        return [one for one in self.by_key[key] if not ids or one.make_id in ids] if key else []


def most_alike(word: str, keys: Iterable[str]) -> str | None:
    """The key that differs from the word by a slip, if one does."""
    if len(word) < LEAST_LETTERS:
        return None
    near = [key for key in keys if len(key) >= LEAST_LETTERS and abs(len(key) - len(word)) <= 2]
    found = process.extractOne(word, near, scorer=OSA.normalized_similarity, score_cutoff=ALIKE - 1e-9)
    # Digits are no slip: a 320d is not a 330d.
    return found[0] if found and _digits(found[0]) == _digits(word) else None


def _digits(word: str) -> str:
    return "".join(char for char in word if char.isdigit())


def names_now() -> Names:
    """The names of the catalogue as it is now; one query unless it changed."""
    global _kept  # noqa: PLW0603  # one per process
    stamp = _stamp()
    kept = _kept
    if kept is None or kept[0] != stamp:
        with _lock:
            kept = _kept = (stamp, _read())
    return kept[1]


def names_forget() -> None:
    """For tests, which roll the catalogue back."""
    global _kept  # noqa: PLW0603
    _kept = None


_kept: tuple[tuple[Any, ...], Names] | None = None
_lock = Lock()


def _stamp() -> tuple[Any, ...]:
    """Changes with every change of the catalogue, of which each writes a row of history."""
    tables = [one.history.model._meta.db_table for one in (Make, CarModel, MakeAlias, ModelAlias)]
    newest = ", ".join(f"(SELECT max(history_id) FROM {table})" for table in tables)  # noqa: S608  # names of tables
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {newest}")
        return tuple(cursor.fetchone())


def _read() -> Names:
    names = Names()
    for make in Make.objects.all():
        names.makes[make.key] = names.make_slugs[make.slug] = names.make_ids[make.pk] = make
    for make_alias in MakeAlias.objects.all():
        names.makes.setdefault(make_alias.key, names.make_ids[make_alias.make_id])
    for model in CarModel.objects.all():
        model.make = names.make_ids[model.make_id]
        names.model_ids[model.pk] = model
        names.models[model.make_id, model.key] = names.model_slugs[model.make_id, model.slug] = model
        names.by_key[model.key].append(model)
        first = (model.make_id, name_words(model.name)[0])
        if first not in names.by_first_word or len(model.name) < len(names.by_first_word[first].name):
            names.by_first_word[first] = model
    # What was merged forwards from its old addresses.
    for pk, into in Make.all_rows.exclude(merged_into=None).values_list("pk", "merged_into"):
        names.make_ids[pk] = names.make_ids[into or 0]
    for pk, into in CarModel.all_rows.exclude(merged_into=None).values_list("pk", "merged_into"):
        names.model_ids[pk] = names.model_ids[into or 0]
    for alias in ModelAlias.objects.all():
        if (alias.make_id, alias.key) not in names.models:
            model = names.model_ids[alias.car_model_id]
            names.models[alias.make_id, alias.key] = model
            names.by_key[alias.key].append(model)
    return names


def spans(count: int, most: int, least: int = 1) -> Iterator[range]:
    """The runs of up to ``most`` of ``count`` words, longest first, from left to right."""
    for length in range(min(most, count), least - 1, -1):
        for start in range(count - length + 1):
            yield range(start, start + length)
