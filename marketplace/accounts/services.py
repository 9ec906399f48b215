"""Makes accounts for the demonstration that a first start gives."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from allauth.account.models import EmailAddress
from django.db import transaction

from marketplace.accounts.models import User

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread


@dataclass(frozen=True)
class DemoAccount:
    """One account and the words that open it."""

    email: str
    password: str
    role: str


@dataclass(frozen=True)
class DemoPerson:
    """Whose account it is."""

    email: str
    name: str
    role: str
    is_moderator: bool = False
    """Also whether they are staff, and may do everything in /admin/."""


CAST = (
    DemoPerson("seller@example.org", "Sam Seller", "sells cars"),
    DemoPerson("moderator@example.org", "Mo Moderator", "moderates, and runs /admin/", is_moderator=True),
)


def demo_accounts_ensure(*, keep_in: Path, cast: Sequence[DemoPerson] = CAST) -> list[DemoAccount]:
    """Accounts for trying the site out, in the cast's order, made once; passwords are kept in ``keep_in`` (0600).

    Random passwords, because a fixed one in a public repository opens every site whose port somebody forwarded. Where
    the file is gone, new passwords are set, so that whoever may write to the site's own folder always has a way in.
    """
    if keep_in.exists():
        kept = [DemoAccount(**account) for account in json.loads(keep_in.read_text())]
        if User.objects.filter(email__in=[account.email for account in kept]).count() == len(kept):
            return kept
    accounts = []
    with transaction.atomic():
        for person in cast:
            password = _password()
            user = User.objects.filter(email=person.email).first() or _user_create(person)
            user.set_password(password)
            user.save(update_fields=["password"])
            # Nobody can confirm an address at example.org.
            EmailAddress.objects.update_or_create(
                user=user, email=person.email, defaults={"verified": True, "primary": True}
            )
            accounts.append(DemoAccount(email=person.email, password=password, role=person.role))
    _keep(accounts, keep_in)
    return accounts


def signup_undo(*, user: User) -> None:
    """Take back an account that was made a moment ago and cannot be confirmed: its owner may sign up again.

    Not by a transaction around the sign-up, which would hold SQLite's only lock while the mail server lets us wait.
    """
    User.objects.filter(pk=user.pk, last_login=None).delete()


def _user_create(person: DemoPerson) -> User:
    rights = dict.fromkeys(("is_moderator", "is_staff", "is_superuser"), person.is_moderator)
    return User.objects.create_user(person.email, None, display_name=person.name, **rights)


def _password() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))


def _keep(accounts: list[DemoAccount], path: Path) -> None:
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump([asdict(account) for account in accounts], file, indent=2)
    beside.replace(path)
