"""A person's own photo: made anew from the upload as every other, and only its small size kept."""

import secrets

from django.core.files.base import ContentFile
from django.db import transaction

from marketplace.accounts.models import User
from marketplace.photos.files import Files, files_delete, files_delete_on_commit
from marketplace.photos.ingest import PhotoRejected, ingest
from marketplace.storage import disk_has_room


def portrait_set(*, user: User, data: bytes, filename: str) -> None:
    """Store a person's photo in place of the one before. Raises PhotoRejected."""
    clean = ingest(data, filename=filename)
    if not disk_has_room():
        raise PhotoRejected("not_stored", "This photo cannot be stored right now. Try again in a minute.")
    storage = User._meta.get_field("portrait").storage
    name = f"people/{secrets.token_hex(16)}.jpg"
    try:
        storage.save(name, ContentFile(clean.card))
    except OSError as error:
        files_delete([(storage, name)])
        raise PhotoRejected("not_stored", "This photo cannot be stored right now. Try again in a minute.") from error
    _replace(user, name)


def portrait_remove(*, user: User) -> None:
    """Take a person's photo away, and its file."""
    _replace(user, "")


def portrait_files(user: User) -> Files:
    """The stored file, for who deletes the account."""
    return [(user.portrait.storage, user.portrait.name)] if user.portrait.name else []


@transaction.atomic
def _replace(user: User, name: str) -> None:
    row = User.objects.select_for_update().get(pk=user.pk)
    files_delete_on_commit(portrait_files(row))
    User.objects.filter(pk=row.pk).update(portrait=name)
