"""Loads the catalogue's data file into the tables, in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import models, transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from marketplace.catalogue.datafile import CATALOGUE_FILE, MakeEntry, catalogue_read
from marketplace.catalogue.models import CarModel, Make, MakeAlias, ModelAlias, slug_for
from marketplace.catalogue.names import name_key

REASON = "catalogue_load"


@dataclass
class Counts:
    """What became of one kind of row."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    # The file differs, but a person changed or deleted the row, or gave its name to another row.
    kept: int = 0


@dataclass(frozen=True)
class CatalogueLoad:
    """What ``catalogue_load`` did, by kind of row."""

    makes: Counts
    models: Counts
    make_aliases: Counts
    model_aliases: Counts

    def as_dict(self) -> dict[str, dict[str, int]]:
        """Plain data, for ``--json``."""
        return asdict(self)


def catalogue_load(*, path: Path = CATALOGUE_FILE) -> CatalogueLoad:
    """Add what the tables lack and update what differs from the file; remove nothing. Idempotent.

    People take precedence: a row that a person changed through the admin stays as it is, a row that
    they deleted stays deleted, and a name that they gave to another row stays there. It is one
    transaction.

    Raises CatalogueFileError if the file cannot be used.
    """
    entries = catalogue_read(path)
    with transaction.atomic():
        make_counts, makes = _makes(entries)
        model_counts, car_models = _models(entries, makes)
        return CatalogueLoad(
            makes=make_counts,
            models=model_counts,
            make_aliases=_make_aliases(entries, makes),
            model_aliases=_model_aliases(entries, makes, car_models),
        )


def _makes(entries: Sequence[MakeEntry]) -> tuple[Counts, dict[str, Make]]:
    rows = {row.key: row for row in Make.all_rows.all()}
    claimed = set(MakeAlias.objects.values_list("key", flat=True))
    wanted = [Make(name=entry.name, key=name_key(entry.name), slug=slug_for(entry.name)) for entry in entries]
    counts = _upsert(Make, [(row.key, row, row.key in claimed) for row in wanted], rows, ["name", "slug"], ["key"])
    return counts, rows


def _models(entries: Sequence[MakeEntry], makes: dict[str, Make]) -> tuple[Counts, dict[tuple[int, str], CarModel]]:
    rows = {(row.make_id, row.key): row for row in CarModel.all_rows.all()}
    claimed = set(ModelAlias.objects.values_list("make_id", "key"))
    wanted = []
    for entry in entries:
        make = makes.get(name_key(entry.name))
        if make is None:
            continue  # a person deleted it, and its models with it
        for model in entry.models:
            row = CarModel(
                make=make,
                name=model.name,
                key=name_key(model.name),
                slug=slug_for(model.name),
                first_year=model.first_year,
                last_year=model.last_year,
            )
            key = (row.make_id, row.key)
            wanted.append((key, row, key in claimed))
    return _upsert(CarModel, wanted, rows, ["name", "slug", "first_year", "last_year"], ["make_id", "key"]), rows


def _make_aliases(entries: Sequence[MakeEntry], makes: dict[str, Make]) -> Counts:
    rows = {row.key: row for row in MakeAlias.objects.all()}
    wanted = [
        (key, MakeAlias(make=make, text=text, key=key), key in makes)
        for entry in entries
        if (make := makes.get(name_key(entry.name)))
        for text in entry.aliases
        for key in [name_key(text)]
    ]
    return _upsert(MakeAlias, wanted, rows, ["make_id", "text"], ["key"])


def _model_aliases(
    entries: Sequence[MakeEntry], makes: dict[str, Make], car_models: dict[tuple[int, str], CarModel]
) -> Counts:
    rows = {(row.make_id, row.key): row for row in ModelAlias.objects.all()}
    wanted = []
    for entry in entries:
        make = makes.get(name_key(entry.name))
        if make is None:
            continue  # a person deleted it, and its models with it
        for model in entry.models:
            car_model = car_models.get((make.pk, name_key(model.name)))
            if car_model is None:
                continue
            for text in model.aliases:
                key = (make.pk, name_key(text))
                row = ModelAlias(make=make, car_model=car_model, text=text, key=key[1])
                wanted.append((key, row, key in car_models))
    return _upsert(ModelAlias, wanted, rows, ["car_model_id", "text"], ["make_id", "key"])


def _upsert(
    table: type[models.Model],
    wanted: Iterable[tuple[Any, Any, bool]],
    rows: dict[Any, Any],
    fields: Sequence[str],
    key_fields: Sequence[str],
) -> Counts:
    """Add or update each wanted ``(key, row, whether another row has the name)``.

    Added rows are also put into ``rows``.
    """
    counts, new, differing = Counts(), {}, []
    for key, row, held in wanted:
        old = rows.get(key)
        if old is not None and all(getattr(old, field) == getattr(row, field) for field in fields):
            counts.unchanged += 1
        elif old is not None:
            differing.append((old, row))
        elif held:
            counts.kept += 1
        else:
            new[key] = row

    history = table.history.model.objects  # type: ignore[attr-defined]
    if new:
        deleted = history.filter(history_type="-", history_user__isnull=False).values_list(*key_fields)
        for key in deleted:
            counts.kept += new.pop(key if len(key_fields) > 1 else key[0], None) is not None
        bulk_create_with_history(list(new.values()), table, batch_size=500, default_change_reason=REASON)
        rows.update(new)
        counts.added = len(new)

    if differing:
        by_people = set(
            history.filter(id__in=[old.pk for old, _ in differing], history_user__isnull=False)
            .exclude(history_type="-")
            .values_list("id", flat=True)
        )
        changed = [(old, row) for old, row in differing if old.pk not in by_people]
        for old, row in changed:
            for field in fields:
                setattr(old, field, getattr(row, field))
        bulk_update_with_history(
            [old for old, _ in changed], table, list(fields), batch_size=500, default_change_reason=REASON
        )
        counts.updated = len(changed)
        counts.kept += len(differing) - len(changed)
    return counts
