"""Every URL of the site, tried by everybody. A new one without a row in rows.py fails here."""

from collections.abc import Iterator
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from marketplace.photos.asking.services import question_begin
from marketplace.trade.messages.services import message_send
from marketplace.trade.models import Report
from marketplace.trade.offers.services import offer_make
from marketplace.trade.searches.services import search_save
from tests.factories import LabelReviewFactory, ListingFactory, PhotoFactory, ThreadFactory, UserFactory
from tests.security.rows import ROWS, Row

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
def people(alice, bob):
    """In the order of the letters; None is a visitor."""
    return {
        "visitor": None,
        "owner": alice,
        "other seller": UserFactory(email="erin@example.org"),
        "buyer": UserFactory(email="dora@example.org"),
        "moderator": bob,
        "operator": UserFactory(email="olga@example.org", superuser=True),
    }


@pytest.fixture
def world(people):
    """What the rows' words mean."""
    alice, dora = people["owner"], people["buyer"]
    ListingFactory(seller=people["other seller"], live=True)
    made = SimpleNamespace(
        draft=ListingFactory(seller=alice, draft=True),
        deleted=ListingFactory(seller=alice, deleted=True),
        live=ListingFactory(seller=alice, live=True),
        submitted=ListingFactory(seller=alice, submitted=True),
    )
    photo = PhotoFactory(listing=made.draft, done=True, with_files=True)
    thread = ThreadFactory(listing=made.live, buyer=dora)
    asked = PhotoFactory(listing=None, question=question_begin(), done=True, with_files=True)
    search = search_save(person=dora, query="q=golf", often="daily")
    return {
        **{name: listing.code for name, listing in vars(made).items()},
        "make": made.live.make.slug,
        "model": made.live.car_model.slug,
        "photo": photo.pk,
        "removed_photo": PhotoFactory(
            listing=None, removed_from=made.draft, removed_at=timezone.now(), with_files=True
        ).pk,
        "file": PhotoFactory(listing=made.live, done=True, with_files=True).file.name,
        "question": asked.question_id,
        "asked_photo": asked.pk,
        "waiting_photo": PhotoFactory(listing=made.submitted, done=True, with_files=True).pk,
        "thread": thread.code,
        "message": message_send(thread=thread, by=dora, text="Hello").pk,
        "offer": offer_make(thread=thread, by=dora, price=5000).pk,
        "search": search.pk,
        "token": search.token,
        "seller": alice.pk,
        "label": LabelReviewFactory(with_files=True).pk,
        "report": Report.objects.create(listing=made.live, reason="fraud").pk,
        "key": uuid4().hex,
        "section": "cars",
    }


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
        got = "".join(ask(who, row.method, _path(row, world)) for who in people)
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


def _path(row: Row, world) -> str:
    if "/" in row.name:
        return f"/{row.name}"
    return reverse(row.name, kwargs={name: world[word] for name, word in row.kwargs.items()})
