"""Ready-made roles: what they may, who gives them, and that none leads to a superuser's rights."""

import io
import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse

from marketplace.accounts.roles import ALL, ROLES, RoleRefused, role_give, roles_ensure, roles_reset
from marketplace.registry.models import ModelVersion
from tests.factories import ModelVersionFactory, UserFactory


def with_role(role, **named):
    user = UserFactory(**named)
    role_give(user=user, role=role, by=None)
    return type(user).objects.get(pk=user.pk)


def test_every_permission_of_a_role_is_there(db):
    for role in ROLES.values():
        for permission in role.permissions:
            app, _dot, code = permission.partition(".")
            assert permission == ALL or Permission.objects.filter(content_type__app_label=app, codename=code).exists()


def test_groups_are_made_once_and_reset_on_request(db):
    assert roles_ensure() == list(ROLES)
    group = Group.objects.get(name="operator")
    before = group.permissions.count()
    group.permissions.clear()
    assert roles_ensure() == []
    assert group.permissions.count() == 0  # as somebody left it
    roles_reset()
    assert group.permissions.count() == before > 20


def test_a_role_takes_the_place_of_the_last_one(db):
    user = with_role("admin")
    assert (user.is_moderator, user.is_staff, user.is_superuser) == (True, True, False)
    role_give(user=user, role="moderator", by=None)
    assert ([str(group) for group in user.groups.all()], user.is_staff) == (["moderator"], False)


def test_who_may_give_roles(db):
    root, admin = UserFactory(superuser=True), with_role("admin")
    with pytest.raises(RoleRefused, match="only a superuser"):
        role_give(user=root, role="seller", by=admin)
    with pytest.raises(RoleRefused, match="their own"):
        role_give(user=admin, role="moderator", by=admin)
    with pytest.raises(RoleRefused, match="choose one of"):
        role_give(user=admin, role="king", by=None)


def test_an_admin_gives_roles_but_makes_no_superuser(client, db):
    admin, other, root = with_role("admin"), UserFactory(), UserFactory(superuser=True)
    client.force_login(admin)
    chosen = {"action": "make_operator", "_selected_action": [other.pk, root.pk]}
    answer = client.post(reverse("admin:accounts_user_changelist"), chosen, follow=True)
    assert "only a superuser" in answer.content.decode()
    other.refresh_from_db()
    assert (other.is_staff, [str(group) for group in other.groups.all()]) == (True, ["operator"])
    page = reverse("admin:accounts_user_change", args=[other.pk])
    client.post(page, {"email": other.email, "is_superuser": "on", "is_active": "on"})
    other.refresh_from_db()
    assert not other.is_superuser
    for name in ("admin:accounts_user_change", "admin:auth_user_password_change"):
        answer = client.post(reverse(name, args=[root.pk]), {"password1": "x", "password2": "x"})
        assert answer.status_code == 403


def test_an_operator_promotes_and_a_moderator_does_not(client, db):
    version = ModelVersionFactory(version="better-00000000")
    page = reverse("admin:registry_modelversion_changelist")
    press = {"action": "promote", "_selected_action": [version.pk]}
    client.force_login(with_role("moderator"))
    assert client.post(page, press).status_code == 302  # to the sign-in page
    assert not ModelVersion.objects.filter(status="champion").exists()
    client.force_login(with_role("operator"))
    said = client.post(page, press, follow=True).content.decode()
    assert "better-00000000" in said
    assert ("serves now" in said) == ModelVersion.objects.filter(version=version, status="champion").exists()


def test_the_command_gives_a_role_or_says_what_is_missing(db):
    user = UserFactory(email="otto@example.org")
    out = io.StringIO()
    call_command("roles", "Otto@example.org", "operator", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"user": "otto@example.org", "role": "operator"}
    user.refresh_from_db()
    assert user.is_staff
