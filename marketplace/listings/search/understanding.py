"""Reads what people type: words that mean a car, a fuel, a year, a price or a place become filters.

What is left is searched for in the texts. Parts in quotation marks are always left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from django.db.models import Q

from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.names import name_words
from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing, ListingText
from marketplace.listings.search.criteria import ANY, BASE_CURRENCY, CHOICES, Criteria, Range
from marketplace.listings.search.names import LEAST_LETTERS, Names, most_alike, names_now, spans
from marketplace.listings.search.numbers import amounts_read, year_read
from marketplace.listings.search.vocabulary import VOCABULARY, WITHOUT_MEANING

MOST_READ = 16  # words; more are left as they are
LONGEST_NAME = 4  # words of a make, model or place
_QUOTED = re.compile(r'"[^"]*"|„[^“”]*[“”]|“[^”]*”')


class Correction(NamedTuple):
    """A word that nobody's text has, and the name that it was taken for."""

    typed: str
    meant: str


@dataclass(frozen=True)
class Understood:
    """What a text asks for, and which of its words had to be guessed."""

    criteria: Criteria
    corrections: tuple[Correction, ...] = ()


@dataclass
class _Reading:
    """One text while it is read: its words, and what they turned out to mean."""

    names: Names
    words: list[str]
    """Folded; those that are read already are empty."""
    context: tuple[Make, ...]
    """The makes chosen before, of which models may be named without their make."""
    makes: list[Make] = field(default_factory=list)
    models: list[CarModel] = field(default_factory=list)
    chosen: dict[str, list[str]] = field(default_factory=dict)
    ranges: dict[str, Range] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    """Words that stay words of the text whatever else they may mean."""
    corrections: list[Correction] = field(default_factory=list)

    def take(self, longest: int, meaning: Callable[[str, int], bool], shortest: int = 1) -> None:
        """Read every run of words, longest first, that ``meaning(key, words)`` takes."""
        for run in spans(len(self.words), longest, shortest):
            if all(self.words[place] for place in run) and meaning("".join(self.words[n] for n in run), len(run)):
                for place in run:
                    self.words[place] = ""

    @property
    def known_makes(self) -> list[Make]:
        """The makes that are named; without any, those of the context."""
        return self.makes or list(self.context)


def understood(text: str, *, context: Iterable[Make] = ()) -> Understood:
    """What the text asks for. context: makes of which it may name models without their make."""
    quoted = _QUOTED.findall(text)
    amounts = amounts_read(_QUOTED.sub(" ", text))
    words = name_words(amounts.rest)
    reading = _Reading(names_now(), words[:MOST_READ], tuple(context), ranges=amounts.ranges)
    for step in (_cars, _own_words, _models, _vocabulary, _years, _places, _begun, _slips):
        step(reading)
    left = [word for word in (*reading.words, *words[MOST_READ:]) if word and word not in WITHOUT_MEANING]
    criteria = Criteria(
        words=" ".join([*reading.own, *left, *quoted]),
        chosen={name: tuple(reading.chosen[name]) for name in CHOICES if name in reading.chosen},
        ranges=reading.ranges,
        places=tuple(reading.places),
        currency=amounts.currency or BASE_CURRENCY,
    ).with_cars(reading.makes, reading.models)
    if not words and not quoted and not amounts.ranges:
        criteria = replace(criteria, words=text)  # of signs alone: it finds nothing, which is said
    return Understood(criteria, tuple(reading.corrections))


def _cars(reading: _Reading) -> None:
    """Makes, and models of several words: a Range Rover is no Rover."""

    def meaning(key: str, words: int) -> bool:
        make = reading.names.makes.get(key)
        if make is not None and (words > 1 or key not in VOCABULARY):
            reading.makes.append(make)
            return True
        models = reading.names.by_key.get(key, []) if words > 1 else []
        reading.models += models
        return bool(models)

    reading.take(LONGEST_NAME, meaning)
    if reading.makes:  # of "chevrolet lanos" no Daewoo is meant
        ids = {make.pk for make in reading.makes}
        reading.models = [one for one in reading.models if one.make_id in ids] or reading.models


def _own_words(reading: _Reading) -> None:
    """What sellers wrote for makes that the catalogue lacks: "Élan" need not be a Lotus Elan.

    Such words stay words of the text, which find both.
    """
    keys = _keys(reading)
    if not keys:
        return
    own = Q(other_make_key__in=keys) | Q(other_model_key__in=keys)
    rows = Listing.objects.filter(own, status__in=ON_SALE, make=None).order_by()
    pairs = rows.values_list("other_make_key", "other_model_key").distinct()
    known = {key for make, model in pairs if make not in reading.names.makes for key in (make, model)}

    def meaning(key: str, _words: int) -> bool:
        return key in known

    before = list(reading.words)
    reading.take(LONGEST_NAME, meaning)
    reading.own += [word for word, left in zip(before, reading.words, strict=True) if word != left]


def _keys(reading: _Reading) -> set[str]:
    """The keys of all runs of words that may be a name."""
    runs = ([reading.words[n] for n in run] for run in spans(len(reading.words), LONGEST_NAME))
    return {"".join(run) for run in runs if all(run) and not set(run) & WITHOUT_MEANING}


def _models(reading: _Reading) -> None:
    """Models of the makes that are known; without any, of every make."""
    names = reading.names

    def of_known(key: str, words: int) -> bool:
        if words == 1 and key in WITHOUT_MEANING:
            return False
        found = [names.models[make.pk, key] for make in reading.known_makes if (make.pk, key) in names.models]
        if not found and words == 1 and year_read(key) is None and key not in VOCABULARY:
            first = ((make.pk, key) for make in reading.known_makes)
            found = [names.by_first_word[one] for one in first if one in names.by_first_word]
        reading.models += found
        return bool(found)

    def of_any(key: str, _words: int) -> bool:
        # Short words and years are models only beside their make: "es" is rarely a Lexus.
        short = len(key) < 3 and (key.isalpha() or key.isdecimal())
        if short or key in VOCABULARY or key in WITHOUT_MEANING or year_read(key) is not None:
            return False
        found = names.by_key.get(key, [])
        reading.models += found
        return bool(found)

    reading.take(LONGEST_NAME, of_known)
    if not reading.makes:
        reading.take(1, of_any)


def _vocabulary(reading: _Reading) -> None:
    def meaning(key: str, _words: int) -> bool:
        if key not in VOCABULARY:
            return False
        name, value = VOCABULARY[key]
        values = reading.chosen.setdefault(name, [])
        values += [str(value)] if value not in values else []
        return True

    reading.take(3, meaning)


def _years(reading: _Reading) -> None:
    def meaning(key: str, _words: int) -> bool:
        year = year_read(key)
        if year is not None:
            low, high = reading.ranges.get("year", ANY)
            lows, highs = [year, *([low] if low else [])], [year, *([high] if high else [])]
            reading.ranges["year"] = Range(min(lows), max(highs))
        return year is not None

    reading.take(1, meaning)


def _places(reading: _Reading) -> None:
    """Places where a car is on sale."""
    keys = _keys(reading)
    rows = Listing.objects.filter(status__in=ON_SALE, place_key__in=keys).order_by()
    known = dict(rows.values_list("place_key", "place").distinct()) if keys else {}

    def meaning(key: str, _words: int) -> bool:
        if key not in known:
            return False
        reading.places.append(known[key])
        return True

    reading.take(LONGEST_NAME, meaning)


def _begun(reading: _Reading) -> None:
    """The beginning of one make's name: "volksw"."""

    def meaning(key: str, _words: int) -> bool:
        make = reading.names.make_begun(key) if len(key) >= LEAST_LETTERS else None
        if make is None or _written(key):
            return False
        reading.makes.append(make)
        return True

    if not reading.makes and not reading.models:
        reading.take(1, meaning)


def _slips(reading: _Reading) -> None:
    """Words that nobody's text has and that are nearly a name."""

    def meaning(key: str, _words: int) -> bool:
        if len(key) < LEAST_LETTERS or key in WITHOUT_MEANING or _written(key):
            return False
        meant = _meant(reading, key)
        if meant:
            reading.corrections.append(Correction(key, meant))
        return bool(meant)

    reading.take(1, meaning)


def _meant(reading: _Reading, key: str) -> str:
    """The name that the word is nearly, whose meaning is noted; empty if there is none."""
    models = reading.names.models_alike(key, reading.known_makes) if reading.known_makes else []
    if not models:
        make = reading.names.makes_alike(key)
        if make is not None:
            reading.makes.append(make)
            return make.name
        models = [] if reading.known_makes else reading.names.models_alike(key, [])
    if models:
        reading.models += models
        return models[0].name
    word = most_alike(key, VOCABULARY)
    if word is None:
        return ""
    name, value = VOCABULARY[word]
    reading.chosen.setdefault(name, []).append(str(value))
    return str(CHOICES[name].label(str(value)))


def _written(word: str) -> bool:
    """Whether the text of a car on sale has a word that begins so."""
    on_sale = Q(listing__status__in=ON_SALE)
    return ListingText.objects.filter(on_sale, words__mention=[word]).exists()


def words_unknown(criteria: Criteria) -> list[str]:
    """The words of a search that are in nobody's text."""
    return [word for word in name_words(criteria.words) if not _written(word)]


def criteria_understood(criteria: Criteria) -> Understood:
    """The criteria with their words read; what the words name counts before what was chosen."""
    if not criteria.words:
        return Understood(criteria)
    said = understood(criteria.words, context=criteria.all_makes)
    merged = criteria.with_all_of(said.criteria)
    return Understood(replace(merged, words=said.criteria.words), said.corrections)
