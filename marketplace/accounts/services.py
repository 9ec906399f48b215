"""Creates and removes accounts: those of the demonstration, and sign-ups that cannot finish."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from classifier.durable import text_beside
from marketplace.accounts.models import User

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that can be misread


@dataclass(frozen=True)
class DemoAccount:
    """One account and its password."""

    email: str
    password: str
    role: str


@dataclass(frozen=True)
class DemoPerson:
    """The owner of a demonstration account."""

    email: str
    name: str
    role: str
    is_moderator: bool = False
    """Moderators here are also staff and superusers: they may do everything in /admin/."""


CAST = (
    DemoPerson("seller@example.org", "Sam Seller", "sells cars"),
    DemoPerson("moderator@example.org", "Mo Moderator", "moderates, and runs /admin/", is_moderator=True),
)


def demo_accounts_ensure(*, keep_in: Path, cast: Sequence[DemoPerson] = CAST) -> list[DemoAccount]:
    """Accounts for trying the site out, in the cast's order, created once.

    keep_in: the file (mode 0600) with the accounts and their passwords. The passwords are random:
    a fixed one in a public repository would open every site whose port somebody has forwarded. If
    the file is gone, new passwords are set, so that anyone who may write to the site's folder can
    sign in.
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
            # No address at example.org can be confirmed by mail.
            EmailAddress.objects.update_or_create(
                user=user, email=person.email, defaults={"verified": True, "primary": True}
            )
            accounts.append(DemoAccount(email=person.email, password=password, role=person.role))
    _keep(accounts, keep_in)
    return accounts


def language_keep(*, user: User, language: str) -> None:
    """Store in which language somebody reads the site and its mails."""
    user.language = language
    user.save(update_fields=["language"])


def language_of(user: User | None) -> str:
    """The language in which to write to somebody."""
    return (user.language if user is not None else "") or settings.LANGUAGE_CODE


def signup_undo(*, user: User) -> None:
    """Delete an account that was just created and cannot be confirmed: its owner may sign up again.

    A transaction around the sign-up would do the same, but would hold SQLite's only write lock
    while the mail server keeps us waiting.
    """
    User.objects.filter(pk=user.pk, last_login=None).delete()


def _user_create(person: DemoPerson) -> User:
    rights = dict.fromkeys(("is_moderator", "is_staff", "is_superuser"), person.is_moderator)
    return User.objects.create_user(person.email, None, display_name=person.name, **rights)


def _password() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))


def _keep(accounts: list[DemoAccount], path: Path) -> None:
    with text_beside(path, mode=0o600) as file:
        json.dump([asdict(account) for account in accounts], file, indent=2)
