"""The admin has a Content-Security-Policy, and its theme needs nothing that this one forbids."""

import base64
import hashlib
import re

import pytest
from django.contrib import admin
from django.urls import reverse

from marketplace.content_policy import ADMIN_STYLES
from tests.factories import UserFactory

LISTS = sorted(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry)


@pytest.fixture
def staff(client, db):
    client.force_login(UserFactory(email="root@example.org", is_staff=True, is_superuser=True))
    return client


def directives(answer):
    parts = (part.split() for part in answer["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


def test_the_admin_runs_no_inline_script_and_is_framed_by_nobody(staff):
    policy = directives(staff.get("/admin/"))
    assert policy["script-src"] == ["'self'", "'unsafe-eval'"]
    assert "'unsafe-inline'" not in policy["style-src"]
    assert policy["default-src"] == policy["frame-ancestors"] == ["'none'"]
    assert directives(staff.get("/"))["script-src"] == ["'self'"]


def test_no_page_of_the_admin_needs_what_is_forbidden(staff):
    pages = ["admin:index", "admin:accounts_user_add", *LISTS]
    shown = "".join(staff.get(reverse(page)).content.decode() for page in pages)
    for style in re.findall(r"<style[^>]*>(.*?)</style>", shown, re.S):
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in ADMIN_STYLES
    assert re.findall(r"<script(?![^>]*\ssrc=)(?! type=.application/ld.json)[^>]*>", shown) == []
    assert re.findall(r"\son[a-z]+=\"", shown) == []
