"""The schema is valid and the API keeps to it, whatever is asked."""

import schemathesis
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from rest_framework.throttling import ScopedRateThrottle

from marketplace.wsgi import application


def test_the_schema_is_valid_and_without_warnings(db, tmp_path, capsys):
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "schema.yml"))


def test_every_operation_says_that_it_may_be_asked_too_often(client):
    paths = client.get("/api/schema/?format=json").json()["paths"]
    said = {path: set(operation["responses"]) for path, method in paths.items() for operation in method.values()}
    assert [path for path, answers in said.items() if "429" not in answers] == []


def test_the_docs_page_has_nothing_inline_and_needs_no_other_host(client):
    page = client.get("/api/docs/").content.decode()
    assert "<style" not in page
    assert "//" not in page.replace("http://testserver", "")
    assert "script-src 'self'" in client.get("/api/docs/")["Content-Security-Policy"]
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")


# Unsupported methods get the usual 404 or 405. The tests of each view cover invalid queries.
NOT_CHECKED = {"unsupported_method", "negative_data_rejection", "positive_data_acceptance"}


def test_it_answers_strange_questions_as_the_schema_says(transactional_db, catalogue, no_worker, monkeypatch):
    monkeypatch.setattr(ScopedRateThrottle, "allow_request", lambda *_: True)
    schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
    left_out = [check for check in schemathesis.checks.CHECKS.get_all() if check.__name__ in NOT_CHECKED]
    asked = set()
    for operation in (found.ok() for found in schema.get_all_operations()):

        @settings(
            max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy())
        def ask(case):
            case.call_and_validate(excluded_checks=left_out)

        ask()
        asked.add(operation.path)
    assert len(asked) == 6
