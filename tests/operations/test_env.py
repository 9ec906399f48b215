"""How the environment becomes settings."""

import ast
import os
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from marketplace import env
from marketplace.database import postgres
from marketplace.env import Environment, environment_read


@pytest.fixture
def setenv(monkeypatch):
    """An environment with only those of our variables that the test sets."""
    for name in env.variables() & os.environ.keys():
        monkeypatch.delenv(name)
    return lambda **variables: [monkeypatch.setenv(name, str(value)) for name, value in variables.items()]


def refusal():
    with pytest.raises(ImproperlyConfigured) as caught:
        environment_read()
    return str(caught.value)


def test_what_a_database_url_asks_of_the_connection_is_not_dropped(monkeypatch):
    """Managed servers give out such URLs; without sslmode the connection would not be encrypted."""
    url = "postgres://me:p%40ss@db.example:6543/cars?sslmode=require&connect_timeout=3"
    monkeypatch.setenv("DATABASE_URL", url)
    found = postgres(environment_read().DATABASE_URL)
    assert found["OPTIONS"] == {"sslmode": "require", "connect_timeout": "3"}
    assert [found[name] for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")] == [
        "db.example", 6543, "cars", "me", "p@ss"
    ]  # fmt: skip


def test_every_variable_has_a_line_that_says_what_it_means():
    (body,) = (
        node.body
        for node in ast.parse(Path(env.__file__).read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "Environment"
    )
    explained = {
        first.target.id
        for first, then in pairwise(body)
        if isinstance(first, ast.AnnAssign) and isinstance(then, ast.Expr) and isinstance(then.value, ast.Constant)
    }
    assert explained == set(Environment.model_fields)


def test_outside_debug_the_defaults_are_the_safe_ones(setenv):
    setenv(DEBUG="")  # an empty value is off, as in a shell
    assert refusal() == "Set SECRET_KEY to a long random string; there is no default outside DEBUG."
    setenv(SECRET_KEY="k" * 40)
    found = environment_read()
    assert (found.ALLOWED_HOSTS, found.COOKIES_SECURE, found.ACCOUNT_EMAIL_VERIFICATION) == ([], True, "mandatory")
    assert (found.EMAIL_BACKEND, found.LOG_LEVEL, found.LOG_JSON) == (env.MAIL_BY_SMTP, "INFO", True)


def test_lists_are_comma_separated_words_have_any_case_and_an_empty_choice_is_the_default(setenv):
    setenv(ALLOWED_HOSTS=" cars.example, ,www.cars.example", LOG_LEVEL="error", RECOGNISER_ENGINE="", API_RATE="")
    found = environment_read()
    assert found.ALLOWED_HOSTS == ["cars.example", "www.cars.example"]
    assert (found.LOG_LEVEL, found.RECOGNISER_ENGINE, found.API_RATE) == ("ERROR", "auto", "600/min")
    setenv(ALLOWED_HOSTS="")
    assert environment_read().ALLOWED_HOSTS == []


def test_all_that_is_wrong_is_told_at_once_a_line_each(setenv, tmp_path):
    setenv(DEBUG="maybe", WEB_THREADS="0", PROXIES="-1", EMAIL_PORT="", SECRET_KEY_FILE=tmp_path / "gone")
    assert refusal().splitlines() == [
        "DEBUG='maybe' is neither true nor false.",
        f"Cannot read SECRET_KEY_FILE={tmp_path}/gone: No such file or directory.",
        "EMAIL_PORT='' is not a whole number.",
        "PROXIES=-1 is below 0.",
        "WEB_THREADS=0 is below 1.",
    ]


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("SECRET_KEY", "k" * 40),
        ("DATABASE_URL", "postgres://me:pass@db/cars"),
        ("REDIS_URL", "redis://:pass@redis:6379/0"),
        ("EMAIL_HOST_PASSWORD", " spaces count "),
        ("METRICS_TOKEN", "a token"),
    ],
)
def test_a_secret_may_lie_in_a_file_and_is_never_shown(setenv, tmp_path, name, secret):
    file = tmp_path / "secret"
    file.write_text(f"{secret}\n")
    setenv(**{f"{name}_FILE": file, name: ""})
    assert getattr(environment_read(), name) == secret
    assert secret not in repr(environment_read())


def test_a_file_of_a_secret_that_cannot_serve_is_refused(setenv, tmp_path):
    file = tmp_path / "token"
    setenv(METRICS_TOKEN_FILE=file)
    file.write_text(" \n")
    assert refusal() == f"METRICS_TOKEN_FILE={file} is empty."
    file.write_bytes(b"\xff\xfe")
    assert refusal() == f"METRICS_TOKEN_FILE={file} is not text in UTF-8."
    setenv(METRICS_TOKEN="another")
    assert refusal() == "Set METRICS_TOKEN or METRICS_TOKEN_FILE, not both."
    setenv(METRICS_TOKEN_FILE="")
    assert environment_read().METRICS_TOKEN == "another"


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_wrong_address_is_refused_without_its_password(setenv, tmp_path, name):
    (tmp_path / "url").write_text("ftp://me:hunter2@host/x")
    setenv(**{f"{name}_FILE": tmp_path / "url"})
    assert refusal().startswith(f"{name} must look like ")
    assert "hunter2" not in refusal()


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({"DEBUG": 1}, "http://127.0.0.1:8000"),
        ({"ALLOWED_HOSTS": ".cars.example,www.cars.example"}, "https://www.cars.example"),
        ({"CSRF_TRUSTED_ORIGINS": "https://*.example,https://cars.example"}, "https://cars.example"),
        ({"SITE_URL": "http://cars.example:8080/"}, "http://cars.example:8080"),
    ],
)
def test_links_in_mails_lead_to_where_people_find_the_site(setenv, variables, address):
    setenv(**{"DEBUG": 0, "SECRET_KEY": "x", "ALLOWED_HOSTS": "a.example"} | variables)
    assert address == environment_read().SITE_URL


def test_an_address_that_is_none_is_refused(setenv):
    setenv(SITE_URL="cars.example")
    assert refusal() == "SITE_URL must look like https://cars.example."
