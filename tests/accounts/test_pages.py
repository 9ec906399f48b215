"""Signing up, in and out."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from marketplace.accounts.models import User
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_signing_up_makes_an_account_with_a_name_for_buyers(client):
    answer = client.post(
        "/accounts/signup/",
        {"email": "dora@example.org", "password1": PASSWORD, "password2": PASSWORD, "display_name": "Dora"},
    )
    assert answer.status_code == 302
    assert User.objects.get(email="dora@example.org").display_name == "Dora"


@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_account_pages_wear_the_sites_clothes(client, page):
    answer = client.get(f"/accounts/{page}/")
    assert b"forecourt.css" in answer.content
    assert b"field__label" in answer.content


def test_wrong_passwords_get_one_clear_line(client, alice):
    answer = client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    assert b"notice--error" in answer.content


def test_signing_out_takes_a_press_of_a_button(client, alice):
    client.force_login(alice)
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/my/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/my/").status_code == 302


@pytest.mark.parametrize("name", ["400", "403", "404", "429", "413", "500", "403_csrf", "503", "503_mail"])
def test_error_pages_need_nothing(name, rf, settings):
    from django.template.loader import render_to_string

    assert "Forecourt" in render_to_string(f"{name}.html")


def test_no_page_has_inline_style_or_script(settings):
    import re

    for template in (settings.BASE_DIR / "templates").rglob("*.html"):
        text = template.read_text()
        executed = r"<script(?![^>]*\ssrc=)(?! type=.application/ld.json)"  # data is not
        assert not re.search(rf"<style|\sstyle=|\son[a-z]+=|{executed}", text), template


@pytest.mark.parametrize("typed", ["Ops.Boss@Example.org", "ops.boss@example.org"])
def test_an_account_made_with_capitals_can_sign_in(client, typed):
    User.objects.create_superuser("Ops.Boss@Example.org", PASSWORD)
    assert client.post("/accounts/login/", {"login": typed, "password": PASSWORD}).status_code == 302
    assert client.get("/my/").status_code == 200


def test_an_address_is_one_account_however_it_is_written(alice):
    changed = User(email="Dora@Example.org")
    changed.save()
    assert User.objects.get_by_natural_key("DORA@example.org") == changed
    with pytest.raises(ValidationError):
        User.objects.create_user("Alice@Example.org", PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=changed.pk).update(email="ALICE@example.org")


def test_addresses_from_before_are_lowered_by_the_migration(alice):
    User.objects.filter(pk=alice.pk).update(email="Alice@Example.org")
    migration = import_module("marketplace.accounts.migrations.0002_email_in_lower_case")
    migration.lower(apps, None)
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
