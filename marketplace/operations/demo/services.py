"""Fills an empty site as people would.

Sellers upload and submit, the recogniser looks at the photos, a moderator decides. Everything goes
through the services that the pages call, so an interruption leaves only listings in valid states.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from classifier.training.progress import Progress
from marketplace import doorbell
from marketplace.accounts.models import User
from marketplace.accounts.services import CAST, DemoAccount, demo_accounts_ensure
from marketplace.catalogue.models import CarModel
from marketplace.catalogue.selectors import catalogue_resolve
from marketplace.listings.details.questions import questions_open
from marketplace.listings.life.services import (
    listing_delete,
    listing_reserve,
    listing_sell,
    listing_withdraw,
    listings_expire,
)
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_create, listing_submit, listing_update
from marketplace.listings.verdicts import one_of
from marketplace.moderation.decisions.rejections import IMPLAUSIBLE
from marketplace.moderation.models import Decision
from marketplace.moderation.policy.services import review_submitted
from marketplace.moderation.selectors import UNSETTLED, queue
from marketplace.moderation.services import decision_make
from marketplace.operations import setup
from marketplace.operations.demo.dealings import dealings_add
from marketplace.operations.demo.photos import offers_photographed
from marketplace.operations.demo.plan import (
    FIRST_PLACE,
    SELLERS,
    DemoRefused,
    Fate,
    Offer,
    Seller,
    fates,
    offers_drawn,
)
from marketplace.photos.models import Photo
from marketplace.photos.recognition.queue import RECOGNISE_PENDING
from marketplace.photos.recognition.worker import recognise_waiting
from marketplace.photos.revisions import revision_start
from marketplace.photos.selectors import photos_of, prediction_latest
from marketplace.photos.services import PhotoRejected, photo_add, photos_reorder, photos_sweep

CLOSING: dict[Fate, tuple[Callable[..., None], ...]] = {
    Fate.RESERVED: (listing_reserve,),
    Fate.SOLD: (listing_sell,),
    Fate.WITHDRAWN: (listing_withdraw,),
    Fate.DELETED: (listing_withdraw, listing_delete),
}
LET_IN = {Fate.LIVE, Fate.LOWERED, Fate.CHANGING, Fate.CORRECTED, Fate.EXPIRED, *CLOSING}
SHOW_MORE = "Show the car from inside as well, please, and say when its last service was."
MISNAMED = {Fate.CORRECTED, Fate.CONTRADICTED}
# Sellers with these fates leave make and model as the photos filled them in, if they did, so a
# moderator is asked.
UNCONFIRMED = {Fate.UNSURE, Fate.REJECTED, Fate.CHANGES}
BEST_VIEWS = ("front-", "front", "side", "rear")
POLL_SECONDS = 0.5


@dataclass
class Advertisement:
    """One listing of the demonstration, the car that it really shows, and its fate."""

    listing: Listing
    offer: Offer
    seller: Seller
    truth: CarModel
    fate: Fate = Fate.DRAFT


@dataclass(frozen=True)
class Waiting:
    """One listing that waits for a moderator."""

    code: str
    title: str
    reason: str


@dataclass(frozen=True)
class Filled:
    """What a demonstration created."""

    listings: dict[str, int]
    """By status."""
    photos: dict[str, int]
    """By outcome of the recognition (Photo.Outcome)."""
    decisions: dict[str, int]
    """By action (Decision.Action)."""
    queue: list[Waiting]
    refused: list[str]
    """Photos that the upload refused, and why."""
    accounts: list[DemoAccount]
    """The first seller and the moderator."""
    accounts_files: list[Path]
    """The files that keep all passwords."""
    seconds: float


def demo_fill(*, photos: Path | None, asked: int | None, in_production: bool, progress: Progress) -> Filled:
    """Fill an empty site with ``asked`` listings of cars on ``photos``, or of drawn cars.

    Everything is checked before the first listing is created. Raises DemoRefused, ManifestError and
    SiteError.
    """
    started = time.monotonic()
    _check_site(in_production=in_production)
    setup.catalogue_load()
    offers = offers_drawn(asked=asked) if photos is None else offers_photographed(folder=photos, asked=asked)
    truths = [_truth(offer) for offer in offers]
    setup.champion_ensure()
    accounts, sellers, moderator = _cast()
    refused: list[str] = []
    progress.say(f"{len(offers)} cars, {sum(len(offer.pictures) for offer in offers)} photos to upload and look at.")
    with _doorbell_tried(progress):
        shop = []
        for number, offer in enumerate(progress.track(offers, total=len(offers), what="Photos")):
            # The first seller gets one listing of each fate.
            user, seller = sellers[0 if number < len(Fate) else number % len(sellers)]
            listing = listing_create(seller=user)
            refused += _upload(listing, offer)
            recognise_waiting()
            shop.append(Advertisement(listing, offer, seller, truths[number]))
        _wait_until_looked_at(shop)
        _assign(shop)
        for one in progress.track(shop, total=len(shop), what="Listings"):
            _hand_in(one, shop)
        review_submitted()
        for one in shop:
            _decide(one, moderator)
            _close(one)
        dealings_add(first=sellers[0][0], others=[user for user, _ in sellers[1:]])
    return _filled(refused=refused, accounts=accounts, seconds=time.monotonic() - started)


def _check_site(*, in_production: bool) -> None:
    if not settings.DEBUG and not in_production:
        raise DemoRefused(
            "DEBUG is off, as on a public site: demo would publish listings of cars that are not for sale, and make "
            "accounts that can sign in, one of them an administrator's. If that is meant: --in-production"
        )
    count = Listing.objects.filter(revises=None).count()
    if count:
        raise DemoRefused(
            f"This site is not empty: it has {count} listing{'s' if count > 1 else ''}, perhaps of a demo that was "
            "interrupted, and works with them. Demo fills a site without any. For one, stop this site and start "
            f"another with a new VAR_DIR (now {settings.VAR_DIR}) and, where DATABASE_URL is set, a new database."
        )


def _truth(offer: Offer) -> CarModel:
    car_model = catalogue_resolve(make=offer.make, model=offer.model).car_model
    if car_model is None:
        raise DemoRefused(
            f"The catalogue has no {offer.make} {offer.model} any more; bring it back: python manage.py catalogue_load"
        )
    return car_model


def _cast() -> tuple[list[DemoAccount], list[tuple[User, Seller]], User]:
    """The accounts that a first start prints, all sellers (its own first), and the moderator."""
    accounts = setup.demo_accounts()
    demo_accounts_ensure(keep_in=_sellers_file(), cast=[seller.person for seller in SELLERS])
    sellers = [(User.objects.get(email=CAST[0].email), Seller(CAST[0], FIRST_PLACE))]
    sellers += [(User.objects.get(email=seller.person.email), seller) for seller in SELLERS]
    return accounts, sellers, User.objects.get(email=CAST[1].email)


def _sellers_file() -> Path:
    return Path(settings.VAR_DIR) / "demo-sellers.json"


@contextmanager
def _doorbell_tried(progress: Progress) -> Iterator[None]:
    """Say once whether a worker can be reached, instead of logging it for every photo.

    This process recognises photos in both cases. The queue hands out each photo once, so the two
    together are twice as fast.
    """
    logger = logging.getLogger(doorbell.__name__)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        if doorbell.ring(RECOGNISE_PENDING):
            logger.setLevel(before)
            progress.say("The site's worker looks at them together with this command.")
        else:
            progress.say("No site is running, so this command looks at them alone.")
        yield
    finally:
        logger.setLevel(before)


def _upload(listing: Listing, offer: Offer) -> list[str]:
    """Add the car's photos. Returns one line for each photo that was refused."""
    refused = []
    for picture in offer.pictures:
        try:
            photo_add(listing=listing, data=picture.read(), filename=picture.name)
        except PhotoRejected as error:
            refused.append(f"{picture.name}: {error.message}")
    return refused


def _wait_until_looked_at(shop: Sequence[Advertisement]) -> None:
    """Wait for the photos that the site's worker has claimed; if it died, take them over."""
    unsettled = Photo.objects.filter(listing__in=[one.listing for one in shop], status__in=UNSETTLED)
    while unsettled.exists():
        photos_sweep()
        if not recognise_waiting():
            time.sleep(POLL_SECONDS)


def _assign(shop: Sequence[Advertisement]) -> None:
    """Give each listing its fate, now that its photos are recognised."""
    for one in shop:
        one.listing.refresh_from_db()
    # A listing whose photos were all refused cannot be submitted: it stays a draft.
    complete = [one for one in shop if one.listing.photos.exists()]
    for one, fate in zip(complete, fates(len(shop)), strict=False):
        one.fate = fate
    # Only a confident recognition can contradict the seller. Drawings never give one.
    sure = next((one for one in complete if one.listing.car_model == one.truth), None)
    for one in complete:
        if one.fate is Fate.CONTRADICTED:
            one.fate = sure.fate if sure else Fate.UNSURE
            if sure:
                sure.fate = Fate.CONTRADICTED
            break


def _hand_in(one: Advertisement, shop: Sequence[Advertisement]) -> None:
    """The seller fills in what the photos do not show, and submits the listing."""
    _best_photo_first(one.listing)
    offer, values = one.offer, _named(one, shop)
    # Confirming counts as typing: what the photos filled in correctly becomes the seller's.
    named = tuple(values)
    values |= {"year": offer.year, "fuel": offer.fuel, "mileage_km": offer.mileage_km}
    if offer.body:
        values["body"] = offer.body
    if one.fate is Fate.DRAFT:
        listing_update(listing=one.listing, values=values, pointed_at=named)
        return
    if one.fate is Fate.REJECTED:
        values["mileage_km"] = offer.mileage_km // 1000  # as if the seller had left out the thousands
    values |= {
        "price": Decimal(one.seller.price(offer.price)),
        "currency": one.seller.currency,
        "gearbox": offer.gearbox,
        "place": one.seller.place,
        "country": one.seller.country,
        "postcode": one.seller.postcode,
        "vat": one.seller.vat,
        "description": offer.description,
        **offer.details,
    }
    one.listing = listing_update(listing=one.listing, values=values, pointed_at=named)
    # Sellers say yes where the site asks whether something unlikely is right.
    asked = [question.key for question in questions_open(one.listing)]
    listing_update(listing=one.listing, values={}, answered=asked)
    one.listing = listing_submit(listing=one.listing, by=one.listing.seller)


def _best_photo_first(listing: Listing) -> None:
    """Order the photos as sellers do: the car from a front corner, then other sides, then the rest.

    The order follows the views that the recogniser found.
    """

    def rank(photo: Photo) -> tuple[bool, int]:
        said = prediction_latest(photo=photo)
        view = said.view if said else ""
        first = next((place for place, start in enumerate(BEST_VIEWS) if view.startswith(start)), len(BEST_VIEWS))
        return photo.outcome != Photo.Outcome.OK, first

    photos_reorder(listing=listing, photo_ids=[photo.pk for photo in sorted(photos_of(listing=listing), key=rank)])


def _named(one: Advertisement, shop: Sequence[Advertisement]) -> dict[str, Any]:
    """The make and model that the seller names."""
    truth = one.truth
    if one.fate in UNCONFIRMED and one.listing.car_model == truth:
        return {}
    if one.fate is Fate.OWN_WORDS:
        return {"make": truth.make, "other_model": f"{truth} Special Edition"}
    said = _mistaken_for(one, shop) if one.fate in MISNAMED else truth
    return {"make": said.make, "car_model": said}


def _mistaken_for(one: Advertisement, shop: Sequence[Advertisement]) -> CarModel:
    """Another model of the make: one of the verdict's candidates, else one for sale, else any."""
    truth = one.truth
    guesses = ((guess["make"], guess["model"]) for guess in (one.listing.verdict or {}).get("candidates", []))
    alike = (catalogue_resolve(make=make, model=model).car_model for make, model in guesses)
    for other in chain(alike, (another.truth for another in shop), CarModel.objects.filter(make=truth.make)):
        if other is not None and other != truth and other.make_id == truth.make_id:
            return other
    return truth


def _decide(one: Advertisement, moderator: User) -> None:
    """The moderator approves or rejects what the policy did not, or leaves it in the queue."""
    one.listing.refresh_from_db()
    if one.listing.status != Listing.Status.SUBMITTED:
        return
    decide = partial(decision_make, listing=one.listing, moderator=moderator)
    if one.fate is Fate.REJECTED:
        decide(action=Decision.Action.REJECT, reason=IMPLAUSIBLE)
    elif one.fate is Fate.CHANGES:
        decide(action=Decision.Action.CHANGES, reason=SHOW_MORE)
    elif one.fate in LET_IN:
        # It counts as an acceptance if the seller named the same car.
        decide(action=Decision.Action.CORRECT, make=one.truth.make, car_model=one.truth)


def _close(one: Advertisement) -> None:
    """What becomes of a live listing, if that is its fate."""
    listing = one.listing
    listing.refresh_from_db()
    for step in CLOSING.get(one.fate, ()):
        step(listing=listing, by=listing.seller)
    if one.fate is Fate.LOWERED and listing.price is not None:
        listing_update(listing=listing, values={"price": listing.price - listing.price // 10})
    elif one.fate is Fate.CHANGING and listing.year is not None:
        revision = revision_start(listing=listing, by=listing.seller)
        revision = listing_update(listing=revision, values={"year": listing.year - 1})
        listing_submit(listing=revision, by=listing.seller)
    elif one.fate is Fate.EXPIRED:
        # As if the term had gone by: only the clock ends it.
        Listing.objects.filter(pk=listing.pk).update(expires_at=timezone.now())
        listings_expire()


def _filled(*, refused: list[str], accounts: list[DemoAccount], seconds: float) -> Filled:
    def counts(rows: Iterable[str]) -> dict[str, int]:
        return dict(Counter(rows).most_common())

    return Filled(
        listings=counts(Listing.objects.filter(revises=None).values_list("status", flat=True)),
        photos=counts(Photo.objects.filter(listing__isnull=False).values_list("outcome", flat=True)),
        decisions=counts(Decision.objects.values_list("action", flat=True)),
        queue=[Waiting(listing.code, listing.title, _reason(listing)) for listing in queue()],
        refused=refused,
        accounts=accounts,
        accounts_files=[setup.demo_accounts_file(), _sellers_file()],
        seconds=round(seconds, 1),
    )


def _reason(listing: Listing) -> str:
    """Why the policy left the listing to a moderator."""
    if listing.revises_id is not None:
        return "a change of a car that is on sale"
    if listing.unlisted:
        return f"“{listing.unlisted}” is the seller's own word"
    if listing.contradiction:
        return listing.contradiction.removesuffix(".")
    if not (listing.verdict and listing.verdict["model"]):
        return "the photos do not say which car it is"
    return _reason_of_the_model(listing.verdict["model"], threshold=listing.verdict["thresholds"]["model"])


def _reason_of_the_model(model: dict[str, Any], *, threshold: float) -> str:
    if model.get("alike"):
        names = one_of([f"{model['make']} {model['name']}", *model["alike"]])
        return f"{names}: photos cannot tell them apart"
    if model["confidence"] < threshold:
        return f"the photos are only {model['confidence']:.0%} sure that it is a {model['make']} {model['name']}"
    return "filled in from the photos, and not confirmed by the seller"
