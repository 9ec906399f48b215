"""Merging makes and models, taking a merge back, and renaming.

Nothing is deleted: what was merged keeps its row, which decisions name, and points to the other
one. Its names become aliases there, so whatever says them (predictions, manifests, searches,
sellers) means the other one from now on. Listings follow in ``marketplace.moderation.catalogue``,
which is above them.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, CatalogueMerge, Make, MakeAlias, ModelAlias


class CatalogueRefused(Exception):
    """What cannot be done to the catalogue; the message is for the operator."""


@transaction.atomic
def model_merge(*, car_model: CarModel, into: CarModel, by: User) -> CatalogueMerge:
    """Make one model another name of another one of the same make. Raises CatalogueRefused."""
    _check_open(car_model, into)
    if car_model.make_id != into.make_id:
        raise CatalogueRefused(_("Both models must be of the same make: merge the makes first."))
    moved = _model_retire(car_model, into, by)
    return CatalogueMerge.objects.create(car_model=car_model, into_model=into, by=by, moved={"models": [moved]})


@transaction.atomic
def make_merge(*, make: Make, into: Make, by: User) -> CatalogueMerge:
    """Make one make another name of another one. Its models go there; one that is there by name
    already is merged with it. Raises CatalogueRefused."""
    _check_open(make, into)
    gone, went = [], []
    for car_model in CarModel.objects.filter(make=make):
        same = CarModel.objects.filter(make=into, key=car_model.key).first() or _by_alias(into, car_model.key)
        if same is not None:
            gone.append(_model_retire(car_model, same, by))
        else:
            went.append(_model_move(car_model, into, by))
    aliases = list(MakeAlias.objects.filter(make=make))
    for alias in aliases:
        _save(alias, by, make=into)
    # One by one, because each needs its row of history: the search reads names anew by it.
    earlier = list(Make.all_rows.filter(merged_into=make))
    for other in earlier:
        _save(other, by, merged_into=into)
    _save(make, by, merged_into=into)
    added = MakeAlias(make=into, text=make.name)
    _save(added, by)
    moved = {
        "models": gone, "went": went, "aliases": [one.pk for one in aliases],
        "earlier": [one.pk for one in earlier], "added": added.pk,
    }  # fmt: skip
    return CatalogueMerge.objects.create(make=make, into_make=into, by=by, moved=moved)


@transaction.atomic
def merge_undo(*, merge: CatalogueMerge, by: User) -> None:
    """Put the catalogue's rows back as they were. Raises CatalogueRefused if it was undone already,
    or if what came later stands in the way."""
    done = CatalogueMerge.objects.filter(pk=merge.pk, undone_at=None).update(undone_at=timezone.now(), undone_by=by)
    if done != 1:
        raise CatalogueRefused(_("This merge was undone already."))
    into = merge.into_make or merge.into_model
    if into is None or into.merged_into_id is not None:
        raise CatalogueRefused(_("%(name)s was merged itself since then: undo that first.") % {"name": into})
    moved = merge.moved
    if merge.make is not None:
        MakeAlias.objects.filter(pk=moved["added"]).delete()
        _save(merge.make, by, merged_into=None)
        for other in Make.all_rows.filter(pk__in=moved["earlier"]):
            _save(other, by, merged_into=merge.make)
        for alias in MakeAlias.objects.filter(pk__in=moved["aliases"]):
            _save(alias, by, make=merge.make)
        for one in moved["went"]:
            _model_back(one, merge.make, by)
    for one in moved["models"]:
        _model_restore(one, by)


def make_rename(*, make: Make, name: str, by: User) -> Make:
    """Give a make another name; the old one stays an alias, and its address forwards.

    Raises CatalogueRefused.
    """
    _rename(make, name, by, MakeAlias.objects.filter(make=make), MakeAlias(make=make, text=make.name))
    return make


def model_rename(*, car_model: CarModel, name: str, by: User) -> CarModel:
    """As ``make_rename``."""
    aliases = ModelAlias.objects.filter(car_model=car_model)
    _rename(car_model, name, by, aliases, ModelAlias(car_model=car_model, text=car_model.name))
    return car_model


@transaction.atomic
def car_add(*, make: Make | None, make_name: str, name: str, by: User | None) -> CarModel:
    """Add a model, and its make if that is new, too. by: None for a command.

    Raises CatalogueRefused.
    """
    if make is None:
        make = Make(name=make_name)
        _checked(make)
        _save(make, by)
    car_model = CarModel(make=make, name=name)
    _checked(car_model)
    _save(car_model, by)
    return car_model


@transaction.atomic
def alias_add(*, car_model: CarModel, text: str, by: User) -> ModelAlias:
    """Make a text another name of a model. Raises CatalogueRefused."""
    alias = ModelAlias(car_model=car_model, text=text)
    _checked(alias)
    _save(alias, by)
    return alias


def _rename(row: Any, name: str, by: User, aliases: Any, old: Any) -> None:
    with transaction.atomic():
        before = row.key
        row.name = name
        _checked(row)
        aliases.filter(key=row.key).delete()  # what becomes the name is no other name any more
        _save(row, by)
        if row.key != before and not aliases.filter(key=before).exists():
            _save(old, by)


def _check_open(one: Make | CarModel, into: Make | CarModel) -> None:
    if one.pk == into.pk:
        raise CatalogueRefused(_("Choose two different ones."))
    # Asked under the lock: of two operators who merge the same one, the second finds it merged.
    rows = type(one).all_rows.select_for_update(of=("self",)).filter(pk__in=(one.pk, into.pk)).order_by("pk")
    for row in rows:
        if row.merged_into_id is not None:
            raise CatalogueRefused(_("%(name)s was merged already.") % {"name": row})


def _by_alias(make: Make, key: str) -> CarModel | None:
    alias = ModelAlias.objects.filter(make=make, key=key).select_related("car_model").first()
    return alias.car_model if alias else None


def _model_retire(car_model: CarModel, into: CarModel, by: User) -> dict[str, Any]:
    """Its names become the other one's; returns what the undo needs."""
    aliases, dropped = _aliases_move(ModelAlias.objects.filter(car_model=car_model), into, by)
    earlier = list(CarModel.all_rows.filter(merged_into=car_model))
    for other in earlier:
        _save(other, by, merged_into=into)
    _save(car_model, by, merged_into=into)
    added = None
    if not _known(into.make, car_model.key):
        alias = ModelAlias(car_model=into, text=car_model.name)
        _save(alias, by)
        added = alias.pk
    return {
        "model": car_model.pk, "into": into.pk, "aliases": aliases, "dropped": dropped,
        "earlier": [one.pk for one in earlier], "added": added,
    }  # fmt: skip


def _model_restore(moved: dict[str, Any], by: User) -> None:
    car_model = CarModel.all_rows.get(pk=moved["model"])
    ModelAlias.objects.filter(pk=moved["added"]).delete()
    _save(car_model, by, merged_into=None)
    for other in CarModel.all_rows.filter(pk__in=moved["earlier"]):
        _save(other, by, merged_into=car_model)
    for alias in ModelAlias.objects.filter(pk__in=moved["aliases"]):
        _save(alias, by, car_model=car_model)
    for text in moved["dropped"]:
        _save(ModelAlias(car_model=car_model, text=text), by)


def _model_move(car_model: CarModel, into: Make, by: User) -> dict[str, Any]:
    """A model goes to another make, and its aliases with it; some may be another model's there."""
    taken = CarModel.all_rows.filter(make=into, slug=car_model.slug).first()
    if taken is not None:
        raise CatalogueRefused(
            _("%(one)s and %(other)s have the same address: rename one of them first.")
            % {"one": car_model, "other": taken}
        )
    _save(car_model, by, make=into)
    aliases, dropped = _aliases_move(ModelAlias.objects.filter(car_model=car_model), car_model, by)
    return {"model": car_model.pk, "aliases": aliases, "dropped": dropped}


def _model_back(moved: dict[str, Any], make: Make, by: User) -> None:
    car_model = CarModel.all_rows.get(pk=moved["model"])
    _save(car_model, by, make=make)
    for alias in ModelAlias.objects.filter(pk__in=moved["aliases"]):
        _save(alias, by, car_model=car_model)
    for text in moved["dropped"]:
        _save(ModelAlias(car_model=car_model, text=text), by)


def _aliases_move(aliases: Iterable[ModelAlias], into: CarModel, by: User) -> tuple[list[int], list[str]]:
    """Those that moved, and the texts of those that name something there already."""
    moved, dropped = [], []
    for alias in list(aliases):
        if alias.make_id != into.make_id and _known(into.make, alias.key):
            dropped.append(alias.text)
            alias.delete()
        else:
            _save(alias, by, car_model=into)
            moved.append(alias.pk)
    return moved, dropped


def _known(make: Make, key: str) -> bool:
    named = CarModel.objects.filter(make=make, key=key).exists()
    return named or ModelAlias.objects.filter(make=make, key=key).exists()


def _checked(row: Any) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        raise CatalogueRefused(" ".join(error.messages)) from error


def _save(row: Any, by: User | None, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row._history_user = by  # whoever reads the history sees that a person did it, not the data file
    row.save()
