"""The demonstration's accounts, and people in the admin."""

import json

from allauth.account.models import EmailAddress
from django.test import Client

from marketplace.accounts.models import User
from marketplace.accounts.services import demo_accounts_ensure
from tests.factories import UserFactory


def test_their_passwords_are_random_kept_for_the_owner_only_and_open_the_door(db, tmp_path):
    file = tmp_path / "demo-accounts.json"
    seller, moderator = demo_accounts_ensure(keep_in=file)
    assert seller.password != moderator.password
    assert file.stat().st_mode & 0o777 == 0o600
    for account in (seller, moderator):
        assert Client().login(email=account.email, password=account.password)
        assert EmailAddress.objects.get(email=account.email).verified
    assert [user.is_moderator for user in User.objects.order_by("-email")] == [False, True]


def test_a_second_start_changes_nothing(db, tmp_path):
    file = tmp_path / "demo-accounts.json"
    assert demo_accounts_ensure(keep_in=file) == demo_accounts_ensure(keep_in=file)
    assert User.objects.count() == 2


def test_new_passwords_are_set_where_the_file_or_the_accounts_are_gone(db, tmp_path):
    file = tmp_path / "demo-accounts.json"
    first = demo_accounts_ensure(keep_in=file)
    file.unlink()
    second = demo_accounts_ensure(keep_in=file)
    assert first[0].password != second[0].password
    assert not Client().login(email=first[0].email, password=first[0].password)
    User.objects.all().delete()
    third = demo_accounts_ensure(keep_in=file)
    assert Client().login(email=third[0].email, password=third[0].password)
    assert [account["password"] for account in json.loads(file.read_text())] == [a.password for a in third]


def test_staff_add_and_change_people_by_their_email(client, db):
    client.force_login(UserFactory(superuser=True))
    new = {
        "email": "dora@example.org", "usable_password": "true", "password1": "something long 1", "password2":
        "something long 1",
    }  # fmt: skip
    assert client.get("/admin/accounts/user/add/").status_code == 200
    assert client.post("/admin/accounts/user/add/", new).status_code == 302
    dora = User.objects.get(email="dora@example.org")
    assert client.get(f"/admin/accounts/user/{dora.pk}/change/").status_code == 200
    assert client.get("/admin/accounts/user/").status_code == 200


def test_whom_staff_add_with_capitals_can_sign_in(client, db):
    client.force_login(UserFactory(superuser=True))
    new = {"email": "Dora.Doe@Example.org", "usable_password": "true"} | dict.fromkeys(
        ["password1", "password2"], "something long 1"
    )
    assert client.post("/admin/accounts/user/add/", new).status_code == 302
    words = {"login": "Dora.Doe@Example.org", "password": "something long 1"}
    assert Client().post("/accounts/login/", words).status_code == 302


def test_the_admin_is_closed_to_sellers_and_moderators(client, alice, bob):
    for user in (alice, bob):
        client.force_login(user)
        assert client.get("/admin/").status_code == 302


def test_the_admin_has_no_sign_in_of_its_own_that_would_not_count_attempts(client, db):
    assert client.get("/admin/login/?next=/admin/").headers["Location"].startswith("/accounts/login/")
