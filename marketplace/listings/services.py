"""What is written in a listing: by its seller, from its photos, by a moderator.

Its way from draft to sold is in ``life``.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.names import name_key
from marketplace.catalogue.selectors import Resolved, catalogue_resolve
from marketplace.doorbell import ring_on_commit
from marketplace.listings.contradictions import other_car, two_cars
from marketplace.listings.details.forms import DETAIL_FIELDS
from marketplace.listings.details.questions import ListingQuestioned, questions_of, questions_open
from marketplace.listings.life.prices import price_note
from marketplace.listings.life.steps import EDITABLE, ON_SALE, PAUSED, ListingRefused, Step, step_take
from marketplace.listings.models import Listing, StatusChange
from marketplace.listings.verdicts import group_sure, look_alikes_of, model_sure
from marketplace.text_fields import texts_cleaned

__all__ = [
    "APPROVED",
    "EDITABLE",
    "FREE_FIELDS",
    "REVIEWABLE",
    "REVIEW_SUBMITTED",
    "SELLER_FIELDS",
    "DraftsFull",
    "ListingQuestioned",
    "ListingRefused",
    "drafts_check",
    "listing_create",
    "listing_identity_confirm",
    "listing_identity_set",
    "listing_missing",
    "listing_submit",
    "listing_update",
    "listing_verdict_set",
]  # fmt: skip

# Each field of the seller's own words, and the field of the catalogue that it replaces.
IN_PLACE_OF = {"other_make": "make", "other_model": "car_model"}
SELLER_FIELDS = (
    "make", "car_model", "other_make", "other_model", "body", "colour", "year", "price", "currency", "mileage_km",
    "fuel", "gearbox", "place", "description", *DETAIL_FIELDS,
)  # fmt: skip
LOOKS = {"body": Listing.Body.values, "colour": Listing.Colour.values}
"""What the photos tell of a car besides its name, and the names that the form knows."""
REQUIRED_TO_SUBMIT = ("make", "car_model", "year", "price", "mileage_km", "fuel", "gearbox", "place")
EMPTY: tuple[Any, ...] = (None, "", [])
IN_COMMON = ("currency", "mileage_unit", "power_unit", "country", "postcode", "place")
"""What a new draft takes over from the seller's profile or latest listing."""
REVIEW_SUBMITTED = "marketplace.moderation.tasks.review_submitted"
REVIEWABLE = EDITABLE | {Listing.Status.SUBMITTED}  # not approved yet
APPROVED = ON_SALE | PAUSED
FREE_FIELDS = (
    "price", "currency", "negotiable", "vat", "mileage_km", "mileage_unit", "inspection_until", "equipment", "country",
    "postcode", "place", "telephone", "description",
)  # fmt: skip
"""What a seller may change of an approved listing at once: no review depends on it."""


class DraftsFull(Exception):
    """This seller has as many drafts as one may have; the message tells them so."""


def listing_create(*, seller: User) -> Listing:
    """Create an empty draft. Raises DraftsFull if the seller has SELLER_DRAFTS already."""
    drafts_check(seller=seller)
    listing = Listing(seller=seller, **_as_last_time(seller))
    listing.full_clean()
    with transaction.atomic():
        listing.save()
        StatusChange.objects.create(
            listing=listing, step=Step.CREATE, after=listing.status, actor=seller, at=listing.created_at
        )
    return listing


def drafts_check(*, seller: User) -> None:
    """Raises DraftsFull if the seller may not begin another draft."""
    drafts = Listing.objects.filter(seller=seller, status=Listing.Status.DRAFT, revises=None)
    if drafts.count() >= settings.SELLER_DRAFTS:
        raise DraftsFull(
            _("You have %(most)s drafts, which is the limit. Submit or delete one first.")
            % {"most": settings.SELLER_DRAFTS}
        )


def _as_last_time(seller: User) -> dict[str, Any]:
    """What a seller's cars have in common: what their profile says, else as in their latest one."""
    latest = Listing.objects.filter(seller=seller).order_by("-created_at").values(*IN_COMMON).first()
    return (latest or {}) | {name: said for name in IN_COMMON if (said := getattr(seller, name))}


@transaction.atomic
def listing_update(
    *, listing: Listing, values: Mapping[str, Any], pointed_at: Collection[str] = (), answered: Collection[str] = ()
) -> Listing:
    """Store what the seller typed. A field whose value changed belongs to the seller from then on.

    pointed_at: fields that become the seller's even if their value does not change. Pressing the
    candidate that the photos had filled in confirms it. Clearing make, model, body or colour gives
    the field back to the photos. A make or model is either chosen from the catalogue or written
    (``other_make``, ``other_model``): the newer of the two replaces the other. Of an approved
    listing only FREE_FIELDS can be changed, and none of them be emptied that it needs. answered:
    keys of the questions (details.questions) that the seller answers with yes. Raises
    ListingRefused if the listing, or this field of it, can no longer be edited, ValidationError
    if a value is invalid, and ListingQuestioned if it is unlikely and buyers would see it at once.
    """
    row = Listing.objects.select_for_update().get(pk=listing.pk)
    if row.status not in EDITABLE | APPROVED:
        raise ListingRefused(
            _("This listing is %(status)s and cannot be edited.") % {"status": row.get_status_display()}
        )
    values = texts_cleaned(Listing, values)
    touched = set(row.touched)
    autofilled = set(row.autofilled)
    changed = [
        name for name in SELLER_FIELDS if name in values and (name in pointed_at or getattr(row, name) != values[name])
    ]
    if row.status in APPROVED:
        _check_free(changed, values)
    for name in changed:
        setattr(row, name, values[name])
        autofilled.discard(name)
        if values[name] in EMPTY:
            touched.discard(name)
        else:
            touched.add(name)
    _listed_or_written(row, changed, touched)
    if row.car_model is not None and row.make_id != row.car_model.make_id:
        # The make was changed after the model, so the old make's model no longer applies.
        row.car_model = None
        touched.discard("car_model")
        autofilled.discard("car_model")
    if "car_model" in touched and row.make is not None:
        # Choosing the model implies its make, even if the photos had filled in the make before.
        touched.add("make")
        autofilled.discard("make")
    row.touched = sorted(touched)
    row.autofilled = sorted(autofilled - touched)
    if row.status in EDITABLE:
        row.contradicts = _contradiction(row)
    asked = questions_of(row)
    row.confirmed = [question.key for question in asked if question.key in {*row.confirmed, *answered}]
    row.full_clean(exclude=["seller"])
    if row.status in APPROVED:
        if unlikely := [one for one in questions_open(row) if one.field in changed]:
            raise ListingQuestioned(unlikely)
        price_note(listing=row)
    row.save()
    return row


def _check_free(changed: Collection[str], values: Mapping[str, Any]) -> None:
    """Raises ListingRefused or ValidationError for what an approved listing may not become."""
    if not set(changed) <= set(FREE_FIELDS):
        raise ListingRefused(
            _(
                "This changes which car is offered, so somebody has to look at it again: "
                "change it under “Car or photos”."
            )
        )
    emptied = [name for name in changed if name in REQUIRED_TO_SUBMIT and values[name] in EMPTY]
    if emptied:
        raise ValidationError({name: [_("A car on sale needs this.")] for name in emptied})


def _listed_or_written(row: Listing, changed: Collection[str], touched: set[str]) -> None:
    """Replace a chosen make or model by a written one, or the reverse; both are the seller's."""
    for written, chosen in IN_PLACE_OF.items():
        if written in changed and getattr(row, written):
            setattr(row, chosen, None)
            touched.add(chosen)  # the photos must not fill in a make or model beside the seller's words
        elif getattr(row, chosen) is not None:
            setattr(row, written, "")
            touched.discard(written)
        elif written in changed:
            touched.discard(chosen)


@transaction.atomic
def listing_verdict_set(*, listing_id: int, verdict: dict[str, Any] | None) -> Listing:
    """Store the verdict of all photos and fill in the fields that the seller has not.

    verdict: see Listing.verdict for its shape.
    """
    row = Listing.objects.select_for_update().get(pk=listing_id)
    row.verdict = verdict
    row.certainty = None if verdict is None else (verdict["model"] or verdict["make"])["confidence"]
    if row.status in EDITABLE:
        _autofill(row)
    if row.status in REVIEWABLE:
        # A later status means that a moderator or the policy approved it. A photo that finishes
        # late does not reopen the question.
        row.contradicts = _contradiction(row)
    row.save()
    return row


def _autofill(row: Listing) -> None:
    """Fill in what the verdict is confident of, but not what the seller typed.

    Make and model are filled in both, or only the make, or neither.
    """
    make, car_model = _confident(row.verdict)
    autofilled = set(row.autofilled)
    touched = set(row.touched)
    if "make" not in touched:
        row.make = make
        autofilled = autofilled | {"make"} if make is not None else autofilled - {"make"}
        if row.car_model is not None and row.car_model.make_id != row.make_id:
            row.car_model = None  # autofilled: with a touched model the make would be touched, too
    if "car_model" not in touched:
        fits = car_model if car_model is not None and car_model.make_id == row.make_id else None
        row.car_model = fits
        autofilled = autofilled | {"car_model"} if fits is not None else autofilled - {"car_model"}
    for name in LOOKS.keys() - touched:
        found = _confident_look(row.verdict, name)
        setattr(row, name, found)
        autofilled = autofilled | {name} if found else autofilled - {name}
    row.autofilled = sorted(autofilled)


def _confident_look(verdict: dict[str, Any] | None, name: str) -> str:
    """The confident body or colour, as _confident; empty if there is none, as in older verdicts."""
    guess = verdict and verdict.get(name)
    if not guess or guess["confidence"] < guess["threshold"] or guess["name"] not in LOOKS[name]:
        return ""
    return str(guess["name"])


def _confident(verdict: dict[str, Any] | None) -> tuple[Make | None, CarModel | None]:
    """Make and model where the verdict reaches the thresholds measured for the target error."""
    if verdict is None:
        return None, None
    if model_sure(verdict):
        found = catalogue_resolve(make=verdict["model"]["make"], model=verdict["model"]["name"])
        if found.make is not None and found.car_model is not None:
            return found.make, found.car_model
    if verdict["make"]["confidence"] >= verdict["thresholds"]["make"]:
        make = catalogue_resolve(make=verdict["make"]["name"], model="").make
        makes = {car.make for _name, car in look_alikes_of(verdict)}
        if make not in makes or len(makes) == 1:  # else look-alikes bear badges of several makes
            return make, None
    return None, None


def _contradiction(row: Listing) -> dict[str, Any] | None:
    """What the photos confidently show, if that is two cars, or another than the seller says."""
    if row.verdict and (other := row.verdict.get("other_car")):  # older verdicts do not say
        return two_cars(other=other)
    seen = _seen(row.verdict)
    if not seen or not row.make_name:
        return None
    stated, said = _stated(row), " ".join(filter(None, (row.make_name, row.model_name)))
    for name, car in seen:
        other_model = car.car_model is not None and bool(row.model_name) and car.car_model != stated.car_model
        if (car.make is not None and car.make == stated.make and not other_model) or name_key(name) == name_key(said):
            return None
    return other_car(seen=[name for name, _car in seen], said=said)


def _seen(verdict: dict[str, Any] | None) -> list[tuple[str, Resolved]]:
    """The cars of which the photos confidently show one, each with its name; empty if none."""
    make, car_model = _confident(verdict)
    if verdict is not None and car_model is None and group_sure(verdict):
        return look_alikes_of(verdict)
    name = " ".join(str(part) for part in (make, car_model) if part)
    return [(name, Resolved(make, car_model))] if make is not None else []


def _stated(row: Listing) -> Resolved:
    """The seller's make and model in the catalogue's terms.

    The seller's own words may name a car that the catalogue has after all ("vw", "golf").
    """
    if row.unlisted:
        return catalogue_resolve(make=row.make_name, model=row.model_name)
    return Resolved(row.make, row.car_model)


def listing_missing(*, listing: Listing) -> dict[str, str]:
    """The fields that a listing still needs before it can be submitted, each with one line."""
    missing = {name: _("Please fill this in.") for name in REQUIRED_TO_SUBMIT if getattr(listing, name) in EMPTY}
    for written, chosen in IN_PLACE_OF.items():
        if getattr(listing, written):
            missing.pop(chosen, None)
    if not listing.photos.exists():
        missing["photos"] = _("Add at least one photo.")
    return missing


@transaction.atomic
def listing_submit(*, listing: Listing, by: User) -> Listing:
    """The seller hands in a finished draft for review.

    Raises ValidationError, which names every field that is still missing, ListingQuestioned if
    something unlikely was not confirmed, or ListingRefused.
    """
    row = Listing.objects.select_for_update().get(pk=listing.pk)
    # Checked under the lock, which removing a photo takes as well. So the last photo cannot
    # disappear between this check and the change of status.
    missing = listing_missing(listing=row)
    if missing:
        raise ValidationError({name: [line] for name, line in missing.items()})
    if unlikely := questions_open(row):
        raise ListingQuestioned(unlikely)
    step_take(listing=row, step=Step.SUBMIT, by=by, reject_reason="")
    ring_on_commit(REVIEW_SUBMITTED)
    return row


def listing_identity_set(*, listing: Listing, make: Make, car_model: CarModel | None) -> None:
    """A moderator sets the car of the catalogue, replacing what the seller chose or wrote."""
    listing.make, listing.car_model = make, car_model
    listing.other_make = listing.other_model = ""
    listing_identity_confirm(listing=listing)


def listing_identity_confirm(*, listing: Listing) -> None:
    """A moderator confirms the car: that ends any contradiction, and no photo changes it later."""
    listing.contradicts = None
    listing.touched = sorted({*listing.touched, "make", "car_model"})
    listing.autofilled = sorted(set(listing.autofilled) - {"make", "car_model"})
    named = ("make", "car_model", "other_make", "other_model")
    listing.save(update_fields=[*named, "contradicts", "touched", "autofilled", "updated_at"])
