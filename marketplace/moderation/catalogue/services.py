"""What operators do to the catalogue, and what follows it."""

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue import merging
from marketplace.catalogue.merging import CatalogueRefused
from marketplace.catalogue.models import CarModel, CatalogueMerge, Make
from marketplace.catalogue.names import name_key
from marketplace.catalogue.selectors import make_find, model_find
from marketplace.listings.models import Listing
from marketplace.moderation.models import ModelProposal

log = structlog.get_logger(__name__)
Status = ModelProposal.Status


@transaction.atomic
def models_merge(*, car_model: CarModel, into: CarModel, by: User) -> CatalogueMerge:
    """Merge a model into another one; its listings follow. Raises CatalogueRefused."""
    merge = merging.model_merge(car_model=car_model, into=into, by=by)
    _follow(merge, {car_model.pk: into})
    return merge


@transaction.atomic
def makes_merge(*, make: Make, into: Make, by: User) -> CatalogueMerge:
    """Merge a make into another one; its models and listings follow. Raises CatalogueRefused."""
    merge = merging.make_merge(make=make, into=into, by=by)
    models = CarModel.all_rows.in_bulk([one["into"] for one in merge.moved["models"]])
    _follow(merge, {one["model"]: models[one["into"]] for one in merge.moved["models"]})
    return merge


@transaction.atomic
def merge_take_back(*, merge: CatalogueMerge, by: User) -> None:
    """Undo a merge. The listings that followed go back, unless they are of another car by now;
    what came since stays. Raises CatalogueRefused."""
    merging.merge_undo(merge=merge, by=by)
    for pk, make, car_model in merge.listings:
        now = Listing.objects.filter(pk=pk)
        # Conditional: only what is still as the merge left it.
        if merge.into_model_id is not None:
            now.filter(car_model=merge.into_model_id).update(make=make, car_model=car_model)
        else:
            now.filter(make=merge.into_make_id).update(make=make, car_model=car_model)
    log.info("merge_undone", merge=merge.pk, by=by.pk)


def _follow(merge: CatalogueMerge, models: dict[int, CarModel]) -> None:
    """Listings of what was merged become those of the other one, drafts included."""
    was: list[list[int | None]] = []
    for pk, into in models.items():
        rows = Listing.objects.filter(car_model=pk)
        was += [list(row) for row in rows.values_list("pk", "make", "car_model")]
        rows.update(car_model=into, make=into.make)
    if merge.make is not None:
        rest = Listing.objects.filter(make=merge.make)
        was += [list(row) for row in rest.values_list("pk", "make", "car_model")]
        rest.update(make=merge.into_make)
    CatalogueMerge.objects.filter(pk=merge.pk).update(listings=was)
    merge.listings = was
    log.info("catalogue_merged", merge=merge.pk, listings=len(was), by=merge.by_id)


def proposal_make(*, make: str, name: str, by: User, listing_code: str = "") -> ModelProposal:
    """Propose a model; the same one twice is one. Raises CatalogueRefused if there is one."""
    make, name = make.strip(), name.strip()
    if not name_key(make) or not name_key(name):
        raise CatalogueRefused(_("Say make and model."))
    known = make_find(make)
    there = model_find(make=known, text=name) if known else None
    if there is not None and there.key == name_key(name):
        raise CatalogueRefused(_("The catalogue has it: %(car)s.") % {"car": f"{known} {there}"})
    key = f"{known.key if known else name_key(make)}|{name_key(name)}"[:200]
    proposal = ModelProposal(
        make=known, make_name="" if known else make, name=name, key=key, listing_code=listing_code, by=by
    )
    proposal.clean_fields()
    try:
        with transaction.atomic():
            proposal.save()
    except IntegrityError:
        return ModelProposal.objects.get(key=key, status=Status.OPEN)  # somebody else proposed it
    return proposal


@transaction.atomic
def proposal_add(*, proposal: ModelProposal, make: Make | None, make_name: str, name: str, by: User) -> CarModel:
    """Add the model, under the name that the operator gives it. Raises CatalogueRefused."""
    car_model = merging.car_add(make=make, make_name=make_name, name=name, by=by)
    _decide(proposal, Status.ADDED, by, car_model)
    return car_model


@transaction.atomic
def proposal_alias(*, proposal: ModelProposal, car_model: CarModel, by: User) -> None:
    """The catalogue has it under another name. Raises CatalogueRefused."""
    merging.alias_add(car_model=car_model, text=proposal.name, by=by)
    _decide(proposal, Status.ALIAS, by, car_model)


def proposal_refuse(*, proposal: ModelProposal, by: User) -> None:
    """It is no model of its own. Raises CatalogueRefused if somebody else decided."""
    _decide(proposal, Status.REFUSED, by, None)


def _decide(proposal: ModelProposal, status: str, by: User, car_model: CarModel | None) -> None:
    # Conditional update: of two operators the second one changes nothing.
    open_one = ModelProposal.objects.filter(pk=proposal.pk, status=Status.OPEN)
    if open_one.update(status=status, decided_by=by, decided_at=timezone.now(), car_model=car_model) != 1:
        raise CatalogueRefused(_("Somebody else has decided about this model."))
