"""All that the site keeps about a person, as a ZIP with one JSON document and their photos."""

import json
import tempfile
import zipfile
from collections.abc import Iterable
from typing import IO, Any

import structlog
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.listings.services import SELLER_FIELDS
from marketplace.photos.models import Photo
from marketplace.privacy.forms import DefaultsForm
from marketplace.trade.models import Favourite, Message, SavedSearch, Side

log = structlog.get_logger(__name__)

PORTRAIT = "photos/you.jpg"
IN_MEMORY = 8 * 2**20  # a larger archive goes to a temporary file


def data_export(*, user: User) -> IO[bytes]:
    """The archive, open for reading from its start."""
    archive = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the caller reads and closes it
    # Stored, not compressed: JPEGs would not get smaller.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
        photos = list(Photo.objects.filter(listing__seller=user).select_related("listing"))
        document = json.dumps(_document(user), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        bundle.writestr("data.json", document, zipfile.ZIP_DEFLATED)
        for photo in photos:
            assert photo.listing is not None  # noqa: S101  # for the type: asked for by their listing's seller
            _photo_write(bundle, photo.file, _photo_name(photo.listing.code, photo))
        if user.portrait:
            _photo_write(bundle, user.portrait, PORTRAIT)
    archive.seek(0)
    return archive


def _document(user: User) -> dict[str, Any]:
    listings = Listing.objects.filter(seller=user).select_related("make", "car_model")
    return {
        "account": {
            "email": user.email,
            "name": user.display_name,
            **{name: getattr(user, name) for name in DefaultsForm.Meta.fields},
            "photo": PORTRAIT if user.portrait else "",
            "joined": user.date_joined,
            "last_sign_in": user.last_login,
            "moderator": user.is_moderator,
        },
        "listings": [_listing(listing) for listing in listings.prefetch_related("photos", "changes", "prices")],
        "messages": list(_messages(user)),
        "signed_in": list(UserSession.objects.filter(user=user).values("created_at", "ip", "user_agent")),
        "second_factors": list(Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")),
        "saved_cars": list(Favourite.objects.filter(person=user).values("listing__code", "created_at")),
        "saved_searches": list(SavedSearch.objects.filter(person=user).values("query", "often", "created_at")),
    }


def _listing(listing: Listing) -> dict[str, Any]:
    said = {name: getattr(listing, name) for name in SELLER_FIELDS if name not in {"make", "car_model"}}
    return {
        "code": listing.code,
        "status": listing.status,
        "make": listing.make_name,
        "model": listing.model_name,
        **said,
        "created_at": listing.created_at,
        "published_at": listing.published_at,
        "steps": [{"step": one.step, "at": one.at, "words": one.words} for one in listing.changes.all()],
        "prices": [{"price": one.price, "currency": one.currency, "since": one.since} for one in listing.prices.all()],
        "photos": [_photo_name(listing.code, photo) for photo in listing.photos.all()],
    }


def _messages(user: User) -> Iterable[dict[str, Any]]:
    """What the person wrote and read. Who the other one is, is theirs to tell."""
    of_both = Message.objects.filter(thread__seller=user) | Message.objects.filter(thread__buyer=user)
    for message in of_both.select_related("thread").order_by("thread", "pk"):
        own = Side.SELLER if message.thread.seller_id == user.pk else Side.BUYER
        hidden = message.removed_at is not None
        yield {
            "conversation": message.thread.code,
            "about": message.thread.listing_title,
            "from": "you" if message.by == own else _("the other"),
            "kind": message.kind,
            "text": "" if hidden else message.text,
            "at": message.created_at,
        }


def _photo_name(code: str, photo: Photo) -> str:
    return f"photos/{code}/{photo.pk}.jpg"


def _photo_write(bundle: zipfile.ZipFile, stored: FieldFile, name: str) -> None:
    try:
        with stored.open("rb") as file, bundle.open(name, "w") as target:
            for chunk in file.chunks():
                target.write(chunk)
    except FileNotFoundError:
        # Removed since the list was read, or lost: the rest of the archive is worth having.
        log.warning("photo_not_exported", file=stored.name)
