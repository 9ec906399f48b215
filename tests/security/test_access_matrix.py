"""Every URL of the site, tried by everybody. A new one without a row in rows.py fails here."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from marketplace.accounts.roles import ROLES, role_give
from tests.factories import UserFactory
from tests.security.rows import ROLE_ROWS, ROWS
from tests.security.world import path_of

ADMIN = "admin/"  # one rule for all of it: the last test


def _urls(resolver=None, before="", space="") -> Iterator[tuple[str, str]]:
    """The name and route of every URL."""
    for one in (resolver or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield (f"{space}{one.name}" if one.name else route), route
        else:
            yield from _urls(one, route, f"{space}{one.namespace}:" if one.namespace else space)


@pytest.fixture
def ask(people):
    """``ask(who, method, path)`` → a letter of rows.py. What it does is undone."""
    sessions = {}
    for who, person in people.items():
        client = Client()
        if person is not None:
            client.force_login(person)
        sessions[who] = client.cookies.get(settings.SESSION_COOKIE_NAME)

    def letter(who: str, method: str, path: str) -> str:
        client = Client()
        if sessions[who] is not None:
            client.cookies[settings.SESSION_COOKIE_NAME] = sessions[who].value
        with transaction.atomic():
            answer = client.generic(method, path)
            transaction.set_rollback(True)
        if answer.status_code in {401, 403, 404}:
            return {401: "A", 403: "F", 404: "-"}[answer.status_code]
        assert answer.status_code not in {405, 500}, (method, path, answer.status_code)
        where = answer.headers.get("Location", "")
        asks = path != where and where.startswith(("/accounts/login/", "/admin/login/", "/accounts/reauthenticate/"))
        return "S" if asks else "Y"

    return letter


def test_every_url_has_a_row():
    names = {name for name, route in _urls() if not route.startswith(ADMIN)}
    rows = {row.name for row in ROWS}
    assert names - rows == set(), "say in tests/security/rows.py who may use them"
    assert rows - names == set(), "these rows are about URLs that are gone"


def test_everybody_gets_in_where_they_may_and_nowhere_else(world, people, ask):
    wrong = []
    for row in ROWS:
        got = "".join(ask(who, row.method, path_of(row, world)) for who in people)
        if got != row.letters:
            wrong.append(f"{row.method} {row.name}: {got} instead of {row.letters}")
    assert wrong == []


def test_the_admin_is_for_staff_alone(people, ask):
    routes = [route.replace("<path:object_id>", "1") for _, route in _urls() if route.startswith(ADMIN)]
    open_to_all = ("login/", "logout/", "jsi18n/")
    paths = [f"/{route}" for route in routes if not {"<", "("} & set(route) and not route.endswith(open_to_all)]
    assert len(paths) > 60
    for path in paths:
        assert ask("visitor", "GET", path) == "S", path
        assert ask("moderator", "GET", path) in {"S", "F"}, path
    assert ask("operator", "GET", "/admin/trade/thread/") == "Y"


def test_each_role_may_do_its_work_and_no_more(db):
    wrong = []
    for place, role in enumerate(ROLES):
        user = UserFactory()
        role_give(user=user, role=role, by=None)
        client = Client()
        client.force_login(user)
        for row in ROLE_ROWS:
            answer = client.get(row.path)
            got = {404: "-", 403: "F"}.get(answer.status_code, "Y")
            if answer.status_code == 302 and "/login/" in answer["Location"]:
                got = "S"
            if got != row.letters.split()[place]:
                wrong.append(f"{role} {row.path}: {got} instead of {row.letters.split()[place]}")
    assert wrong == []
