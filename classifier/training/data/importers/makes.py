"""Labels in one piece into make, model and year, with the help of the makes that are known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from classifier.names import name_key
from classifier.training.data.tables import cell_number

COMPOUND_MAKES = (
    "AM General", "Alfa Romeo", "Aston Martin", "De Tomaso", "Great Wall", "Land Rover", "Mercedes-Benz", "Rolls-Royce",
)  # fmt: skip
"""Makes of two words, which no separator tells from make and model."""
_ONE = r"(?:19|20)\d\d"
_YEARS = re.compile(rf"({_ONE})(?:\s*[-–_]\s*({_ONE}))?")
_YEAR_FIRST = re.compile(rf"(?P<years>{_ONE})[-_ ]+(?P<car>.+)")
_YEARS_LAST = (
    re.compile(rf"(?P<car>.+)[-_ ]\(?(?P<years>{_ONE}\s*[-–_]\s*{_ONE})\)?"),
    re.compile(rf"(?P<car>.+)[-_ ]\(?(?P<years>{_ONE})\)?"),
)
_WORD = re.compile(r"[^-_\s]+")

Label = tuple[str, str, str]
"""Make, model, year; "" for what is not said."""


def years_of(text: str) -> str:
    """ "2012" or "2012-2015", if the text is a year or a span of years; else ""."""
    found = _YEARS.fullmatch(cell_number(text))
    if not found or (found[2] and found[2] < found[1]):
        return ""
    return f"{found[1]}-{found[2]}" if found[2] else found[1]


class KnownMakes:
    """Splits and spells labels."""

    def __init__(self, makes: Sequence[str], aliases: Mapping[str, str]) -> None:
        """makes: as they should be spelled. aliases: other names of these."""
        self._spelled = {name_key(make): make for make in COMPOUND_MAKES}
        self._spelled |= {name_key(alias): make for alias, make in aliases.items()}
        self._spelled |= {name_key(make): make for make in makes}

    def knows(self, name: str) -> bool:
        """Whether this is the name of a known make, and nothing else."""
        return name_key(name) in self._spelled

    def label(self, text: str) -> Label:
        """ "mercedes-benz_v_2016", "Audi A3 2012-2015", "2012 Audi A3" in parts.

        A number at the end is the model where nothing else is: peugeot-2008.
        """
        text = unicodedata.normalize("NFC", text).strip()
        first = _YEAR_FIRST.fullmatch(text)
        if first and not first["car"].isdigit():
            return (*self.split(first["car"]), first["years"])
        for pattern in _YEARS_LAST:
            dated = pattern.fullmatch(text)
            years = years_of(dated["years"]) if dated else ""
            if dated and years:
                make, model = self.split(dated["car"])
                if model:
                    return make, model, years
        return (*self.split(text), "")

    def label_below(self, make: str, text: str) -> Label:
        """As label, for a folder in one that is named by the make, which it may repeat."""
        make, own = self.spelled(make), unicodedata.normalize("NFC", text).strip()
        repeated = self.label(own)
        if repeated[1] and name_key(repeated[0]) == name_key(make):
            return (make, *repeated[1:])
        for pattern in _YEARS_LAST:
            dated = pattern.fullmatch(own)
            years = years_of(dated["years"]) if dated else ""
            if dated and years:
                return make, _plain(dated["car"]), years
        return make, _plain(own), ""

    def split(self, label: str) -> tuple[str, str]:
        """Make and model.

        "mercedes-benz_v" → Mercedes-Benz, v; "abarth-124_spider" → abarth, "124 spider";
        "ford_b-max" → ford, b-max; "iran khodro_samand" → "iran khodro", samand; "audi" → audi, "".
        """
        for word in reversed(list(_WORD.finditer(label))):
            spelled = self._spelled.get(name_key(label[: word.end()]))
            if spelled:
                return spelled, _plain(label[word.end() :])
        # Of an unknown make the first separator ends it, underscores before spaces.
        parts = label.split("_", 1) if "_" in label and " " in label else re.split(r"[-_\s]", label, maxsplit=1)
        return _plain(parts[0]), _plain("".join(parts[1:]))

    def spelled(self, make: str) -> str:
        """The make as it is known; else as it stands."""
        make = _plain(unicodedata.normalize("NFC", make))
        return self._spelled.get(name_key(make), make)

    def clean(self, make: str, model: str) -> tuple[str, str]:
        """Spell the make as it is known; "OpelCorsa" is Opel, Corsa, but "Minivan" is no Mini."""
        make, model = make.replace("_", " ").strip(), model.replace("_", " ").strip()
        if self.knows(make):
            return self._spelled[name_key(make)], model
        for end in range(len(make) - 1, 1, -1):
            spelled = self._spelled.get(name_key(make[:end]))
            if spelled and not (make[end].islower() or make[end - 1].isupper()):
                return spelled, f"{make[end:].strip(' -')} {model}".strip()
        return make, model


def _plain(text: str) -> str:
    """Underscores as spaces, and no separators at the ends."""
    return " ".join(text.replace("_", " ").strip(" -").split())
