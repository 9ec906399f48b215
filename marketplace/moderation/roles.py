"""As what somebody decided. It stays when the account is gone: who they were does not."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User


class Role(models.TextChoices):
    """The most that they were then."""

    POLICY = "policy", _("policy")
    MODERATOR = "moderator", _("moderator")
    OPERATOR = "operator", _("operator")
    ADMIN = "admin", _("admin")


def role_of(person: User | None) -> Role:
    """Of somebody who decides now; without a person it is the policy."""
    if person is None:
        return Role.POLICY
    if person.is_superuser or person.has_perm("accounts.change_user"):
        return Role.ADMIN
    return Role.OPERATOR if person.is_staff else Role.MODERATOR
