"""Ready-made roles, each with no more rights than its work needs.

A role is a group with Django's permissions, and the two switches of an account: whether it
moderates, and whether /admin/ is open to it. Superusers stand above all roles and are no role.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import User
from marketplace.refusals import Refused

log = structlog.get_logger(__name__)

ALL = "*"
LOOKED_AT = (
    "catalogue.make", "catalogue.carmodel", "catalogue.makealias", "catalogue.modelalias",
    "listings.listing", "listings.exchangerate", "photos.photo",
    "registry.modelversion", "registry.promotion",
    "moderation.decision", "moderation.labelreview", "moderation.rejecttemplate", "moderation.rejecttemplatetext",
    "moderation.policyversion", "moderation.policymake", "moderation.audit", "moderation.suspension",
    "operator_pages.pagetext", "trade.report", "training.trainingrun", "training.trainingorder",
    "training.rerecognition",
)  # fmt: skip
"""What an operator may look at in /admin/. Messages, offers and accounts are not among it."""
KEPT = (
    "catalogue.make", "catalogue.carmodel", "catalogue.makealias", "catalogue.modelalias",
    "listings.exchangerate", "moderation.rejecttemplate", "moderation.rejecttemplatetext",
)  # fmt: skip
"""What an operator may add and change there."""


@dataclass(frozen=True)
class Role:
    """One role; permissions as "app.codename"."""

    words: str | Promise
    moderates: bool = False
    staff: bool = False
    permissions: tuple[str, ...] = ()


def _may(verbs: tuple[str, ...], tables: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{app}.{verb}_{name}" for verb in verbs for app, _dot, name in (one.partition(".") for one in tables))


ROLES: Mapping[str, Role] = {
    "seller": Role(_("sells cars, as everybody with an account does")),
    "moderator": Role(_("reviews listings, labels and reports, and sees the figures"), moderates=True),
    "operator": Role(
        _("keeps catalogue, policy, templates and rates, and promotes models"),
        staff=True,
        permissions=(
            *_may(("view",), LOOKED_AT),
            *_may(("add", "change"), KEPT),
            "moderation.add_policyversion",
            "moderation.add_policymake",
            "operator_pages.add_pagetext",
            "registry.promote_modelversion",
            "training.add_trainingorder",
        ),
    ),
    "admin": Role(_("does all of it, and gives roles"), moderates=True, staff=True, permissions=(ALL,)),
}


class RoleRefused(Refused):
    """A role that cannot be given; the message is one clear line."""


@transaction.atomic
def roles_ensure() -> list[str]:
    """Make the groups that are missing, with their permissions; returns their names.

    A group that is there stays as somebody may have changed it: see ``roles_reset``.
    """
    made = []
    for name in ROLES:
        group, new = Group.objects.get_or_create(name=name)
        if new:
            group.permissions.set(_permissions(name))
            made.append(name)
    return made


@transaction.atomic
def roles_reset() -> None:
    """Give every role's group exactly the permissions that it has here."""
    for name in ROLES:
        Group.objects.get_or_create(name=name)[0].permissions.set(_permissions(name))


@transaction.atomic
def role_give(*, user: User, role: str, by: User | None) -> None:
    """Give somebody this role in place of the one that they had. by: None for a command.

    Only a superuser, or a command, touches a superuser. Raises RoleRefused.
    """
    if role not in ROLES:
        raise RoleRefused(f"There is no role {role!r}: choose one of {', '.join(ROLES)}.")
    if by is not None and user.is_superuser and not by.is_superuser:
        raise RoleRefused(f"{user} is a superuser: only a superuser changes that account.")
    if by is not None and by.pk == user.pk:
        raise RoleRefused("Nobody changes their own role.")
    roles_ensure()
    user.groups.remove(*Group.objects.filter(name__in=ROLES))
    user.groups.add(Group.objects.get(name=role))
    chosen = ROLES[role]
    user.is_moderator, user.is_staff = chosen.moderates, chosen.staff
    user.save(update_fields=["is_moderator", "is_staff"])
    log.info("role_given", user=user.pk, role=role, by=by.pk if by else None)


def _permissions(role: str) -> QuerySet[Permission]:
    wanted = ROLES[role].permissions
    if ALL in wanted:
        return Permission.objects.all()
    named = Q(pk__in=[])
    for permission in wanted:
        app, _dot, code = permission.partition(".")
        named |= Q(content_type__app_label=app, codename=code)
    return Permission.objects.filter(named)
