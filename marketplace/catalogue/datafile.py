"""Reads the catalogue's data file and refuses one that contradicts itself."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace.catalogue.names import name_key
from marketplace.refusals import Refused

CATALOGUE_FILE = Path(__file__).parent / "data" / "catalogue.toml"
MAX_NAME = 80


class CatalogueFileError(Refused):
    """The file cannot be used; the message is one clear line that says where it is wrong."""


@dataclass(frozen=True)
class ModelEntry:
    """One model as the file has it."""

    name: str
    first_year: int | None
    last_year: int | None
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class MakeEntry:
    """One make as the file has it, with its models in the file's order."""

    name: str
    aliases: tuple[str, ...]
    models: tuple[ModelEntry, ...]


def catalogue_read(path: Path = CATALOGUE_FILE) -> tuple[MakeEntry, ...]:
    """All makes of the file.

    Raises CatalogueFileError if the file is missing or not TOML, if an entry has a wrong shape, or
    if two entries have the same name.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatalogueFileError(f"There is no file {path}.") from None
    except OSError as error:
        raise CatalogueFileError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CatalogueFileError(f"{path} cannot be read: it is not text in UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise CatalogueFileError(f"{path} cannot be read: it is not TOML ({error}).") from error
    entries = document.get("make")
    if not isinstance(entries, list) or not entries or set(document) != {"make"}:
        raise CatalogueFileError(f"{path} must hold [[make]] tables and nothing else.")
    makes = tuple(_make(entry) for entry in entries)
    _refuse_doubles("the catalogue", [(make.name, (make.name, *make.aliases)) for make in makes])
    for make in makes:
        _refuse_doubles(make.name, [(model.name, (model.name, *model.aliases)) for model in make.models])
    return makes


def _make(entry: Any) -> MakeEntry:
    table = _table(entry, "a make", {"name", "aliases", "models"})
    name = _name(table.get("name"), "a make")
    models = table.get("models", [])
    if not isinstance(models, list):
        raise CatalogueFileError(f"{name}: models must be a list.")
    return MakeEntry(name, _aliases(table, name), tuple(_model(model, name) for model in models))


def _model(entry: Any, make: str) -> ModelEntry:
    table = _table(entry, f"a model of {make}", {"name", "first", "last", "aliases"})
    name = _name(table.get("name"), f"a model of {make}")
    where = f"{make} {name}"
    first, last = _year(table, "first", where), _year(table, "last", where)
    if first and last and last < first:
        raise CatalogueFileError(f"{where}: last year {last} is before first year {first}.")
    return ModelEntry(name, first, last, _aliases(table, where))


def _table(entry: Any, what: str, allowed: set[str]) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise CatalogueFileError(f"{what} must be a table, not {entry!r}.")
    unknown = sorted(set(entry) - allowed)
    if unknown:
        raise CatalogueFileError(f"{entry.get('name', what)}: unknown field {unknown[0]!r}.")
    return entry


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not name_key(value) or len(value) > MAX_NAME:
        raise CatalogueFileError(f"{what} needs a name of 1 to {MAX_NAME} characters, not {value!r}.")
    return value


def _aliases(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    aliases = table.get("aliases", [])
    if not isinstance(aliases, list):
        raise CatalogueFileError(f"{where}: aliases must be a list.")
    return tuple(_name(alias, f"{where}: an alias") for alias in aliases)


def _year(table: Mapping[str, Any], field: str, where: str) -> int | None:
    year = table.get(field)
    if year is not None and (type(year) is not int or not 1885 <= year <= 2100):
        raise CatalogueFileError(f"{where}: {field} must be a year, not {year!r}.")
    return year


def _refuse_doubles(where: str, owners: list[tuple[str, tuple[str, ...]]]) -> None:
    seen: dict[str, str] = {}
    for owner, texts in owners:
        for text in texts:
            other = seen.setdefault(name_key(text), f"{owner} ({text})")
            if other != f"{owner} ({text})":
                raise CatalogueFileError(f"{where}: {owner} ({text}) and {other} have the same name.")
