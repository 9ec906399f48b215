"""The database goes away in the middle of a request, as in a restart."""

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client

from marketplace.listings.models import Listing

pytestmark = pytest.mark.django_db(transaction=True)
ON_POSTGRES = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs DATABASE_URL of PostgreSQL")


@pytest.fixture
def client():
    """What handler500 answers is seen, as it is by a visitor."""
    yield Client(raise_request_exception=False)
    connection.close()  # as the end of a real request does with a broken one


class _Away:
    """The database cannot be reached by the first statements."""

    def __init__(self, times, error="unable to open database file"):
        self.left, self.calls, self.error = times, 0, error

    def __call__(self, execute, sql, params, many, context):
        self.calls += 1
        if self.left > 0:
            self.left -= 1
            raise OperationalError(self.error)
        return execute(sql, params, many, context)


class _Ended:
    """The server ends this session before each of the first statements."""

    def __init__(self, times):
        self.left = times

    def __call__(self, execute, sql, params, many, context):
        if self.left > 0:
            self.left -= 1
            _terminate(connection.connection.info.backend_pid)
        return execute(sql, params, many, context)


def _terminate(pid):
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    finally:
        other.close()


def test_a_page_is_asked_for_once_more(client):
    with connection.execute_wrapper(_Away(1)):
        assert client.get("/").status_code == 200


def test_a_database_that_stays_away_is_a_503_that_says_when(client):
    away = _Away(10**6)
    with connection.execute_wrapper(away):
        answer = client.get("/")
        assert (answer.status_code, answer["Retry-After"]) == (503, "30")
        assert "Please try again in 30 seconds" in answer.content.decode()
        assert away.calls == 2
        for answer in (
            client.get("/api/v1/makes/"), client.get("/", headers={"Accept": "application/problem+json"})
        ):  # fmt: skip
            assert (answer.status_code, answer["Retry-After"]) == (503, "30")
            assert answer["Content-Type"] == "application/problem+json"
            assert (answer.json()["status"], answer.json()["code"]) == (503, "unavailable")


def test_what_changes_something_is_never_sent_twice(client, alice):
    client.force_login(alice)
    with connection.execute_wrapper(_Away(1)):
        assert client.post("/sell/").status_code == 503
    assert not Listing.objects.exists()


def test_an_error_of_the_program_stays_one(client):
    with connection.execute_wrapper(_Away(10**6, "no such column: nonsense")):
        assert client.get("/").status_code == 500


@ON_POSTGRES
def test_a_page_whose_connection_ends_is_asked_for_on_a_new_one(client, alice):
    client.force_login(alice)
    with connection.execute_wrapper(_Ended(1)):
        assert client.get("/my/").status_code == 200


@ON_POSTGRES
def test_a_page_whose_second_connection_ends_too_is_a_503(client):
    with connection.execute_wrapper(_Ended(100)):
        answer = client.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    connection.close()
    assert client.get("/").status_code == 200


@ON_POSTGRES
def test_a_form_whose_connection_ends_is_a_503_and_not_sent_again(client, alice):
    client.force_login(alice)
    with connection.execute_wrapper(_Ended(1)):
        answer = client.post("/sell/", headers={"Accept": "application/problem+json"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert answer["Content-Type"] == "application/problem+json"
    connection.close()
    assert client.get("/my/").status_code == 200
