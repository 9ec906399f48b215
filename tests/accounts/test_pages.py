"""Signing up, in and out."""

import pytest

from marketplace.accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough secret"


def test_it_makes_an_account_with_a_name_for_buyers(client):
    answer = client.post(
        "/accounts/signup/",
        {"email": "dora@example.org", "password1": PASSWORD, "password2": PASSWORD, "display_name": "Dora"},
    )
    assert answer.status_code == 302
    assert User.objects.get(email="dora@example.org").display_name == "Dora"


@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_it_wears_the_sites_clothes(client, page):
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


@pytest.mark.parametrize("name", ["400", "403", "404", "429", "500", "403_csrf"])
def test_error_pages_need_nothing(name, rf, settings):
    from django.template.loader import render_to_string

    assert "Forecourt" in render_to_string(f"{name}.html")


def test_no_page_has_inline_style_or_script(settings):
    import re

    for template in (settings.BASE_DIR / "templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text), template
