"""The environment as typed settings. An invalid value stops the site before it starts."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from django.core.exceptions import ImproperlyConfigured
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails, PydanticUseDefault
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from marketplace.database import postgres
from marketplace.store_url import s3_options

BASE_DIR = Path(__file__).resolve().parent.parent
QUEUES = ("recognise", "look-again", "mail", "celery", "train")
"""What Celery's workers take tasks from; see settings.CELERY_TASK_ROUTES."""


def _not_empty(value: Any) -> Any:
    """Treat an empty variable as unset."""
    if value == "":
        raise PydanticUseDefault
    return value


def _from_file(value: Any, info: ValidationInfo) -> Any:
    """The secret itself, or the content of the file that NAME_FILE names, as Docker provides it."""
    variable = f"{info.field_name}_FILE"
    file = os.environ.get(variable)
    if not file:
        return value
    if value:
        raise ValueError(f"Set {info.field_name} or {variable}, not both.")
    try:
        secret = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"Cannot read {variable}={file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{variable}={file} is not text in UTF-8.") from error
    if not secret.strip():
        raise ValueError(f"{variable}={file} is empty.")
    return secret


def _words(value: Any) -> Any:
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _redis(value: str, info: ValidationInfo) -> str:
    if value and not re.match(r"rediss?://[^/]", value):
        raise ValueError(f"{info.field_name} must look like redis://host:6379/0.")
    return value


def _postgres(value: str, info: ValidationInfo) -> str:
    if value:
        try:
            postgres(value)
        except ValueError as error:
            raise ValueError(f"{info.field_name} must look like postgres://user:password@host:5432/name.") from error
    return value


def _store(value: str, info: ValidationInfo) -> str:
    if value:
        try:
            s3_options(value, folder="")
        except ValueError as error:
            raise ValueError(f"{info.field_name} must look like s3://bucket/prefix?endpoint=https://host.") from error
    return value


def _site_url(value: str, info: ValidationInfo) -> str:
    if not re.fullmatch(r"https?://[^/\s]+/?", value):
        raise ValueError(f"{info.field_name} must look like https://cars.example.")
    return value.rstrip("/")


def _media_host(value: str, info: ValidationInfo) -> str:
    return _site_url(value, info) if value else ""


def _found_at(given: dict[str, Any]) -> str:
    """The address of a site whose environment does not say it."""
    if given.get("DEBUG", True):
        return "http://127.0.0.1:8000"
    origins = [origin for origin in given.get("CSRF_TRUSTED_ORIGINS", []) if "*" not in origin]
    hosts = [host for host in given.get("ALLOWED_HOSTS", []) if not host.startswith((".", "*"))]
    return origins[0].rstrip("/") if origins else f"https://{hosts[0] if hosts else 'localhost'}"


def _rate(value: str, info: ValidationInfo) -> str:
    if not re.fullmatch(r"\d+/(s|sec|second|m|min|minute|h|hour|d|day)", value):
        raise ValueError(f"{info.field_name}={value!r} must look like 60/min (or /second, /hour, /day).")
    return value


def _workers(value: Any) -> Any:
    return [_words(worker) for worker in value.split(";")] if isinstance(value, str) else value


def _known_queues(value: list[list[str]], info: ValidationInfo) -> list[list[str]]:
    if unknown := sorted({queue for worker in value for queue in worker} - {*QUEUES}):
        raise ValueError(f"{info.field_name} names {', '.join(unknown)}; the queues are {', '.join(QUEUES)}.")
    if missing := [queue for queue in QUEUES if not any(queue in worker for worker in value)]:
        raise ValueError(f"{info.field_name} leaves nobody for {', '.join(missing)}.")
    if not queues_apart(value):
        raise ValueError(f"{info.field_name}: train needs a worker of its own, as in recognise,mail;train.")
    return value


def queues_apart(workers: list[list[str]]) -> bool:
    """Whether nothing waits for a training, which keeps its worker busy for hours."""
    return all(queues == ["train"] for queues in workers if "train" in queues)


NotEmpty = BeforeValidator(_not_empty)
LowerCase = BeforeValidator(str.lower)
UpperCase = BeforeValidator(str.upper)
Switch = Annotated[bool, BeforeValidator(lambda value: False if value == "" else value)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
Percent = Annotated[int, Field(ge=0, le=100)]
# Comma-separated; pydantic-settings would read a list as JSON.
Words = Annotated[list[str], NoDecode, BeforeValidator(_words)]
Rate = Annotated[str, AfterValidator(_rate), NotEmpty]
FromFile = BeforeValidator(_from_file)
Secret = Annotated[str, FromFile, Field(repr=False)]
Workers = Annotated[list[list[str]], NoDecode, AfterValidator(_known_queues), BeforeValidator(_workers), NotEmpty]
HERE = ["127.0.0.1", "localhost", "[::1]", "testserver"]
MAIL_TO_FILES = "django.core.mail.backends.filebased.EmailBackend"
MAIL_BY_SMTP = "django.core.mail.backends.smtp.EmailBackend"


class Environment(BaseSettings):
    """All variables that the site reads. A `Secret` may also come from the file NAME_FILE names."""

    model_config = SettingsConfigDict(case_sensitive=True, frozen=True, hide_input_in_errors=True)

    VAR_DIR: Annotated[Path, NotEmpty] = BASE_DIR / "var"
    """Folder for everything that the site writes."""
    DEBUG: Switch = True
    """Development on this machine. Without it, SECRET_KEY and ALLOWED_HOSTS must be set."""
    SECRET_KEY: Secret = ""
    """Signs sessions; under DEBUG generated once and kept in VAR_DIR."""
    ALLOWED_HOSTS: Words = Field(default_factory=lambda given: HERE if given["DEBUG"] else [])
    """Host names that the site serves."""
    CSRF_TRUSTED_ORIGINS: Words = []
    """Origins (https://…) that may post forms, for a proxy that changes the host."""
    SITE_URL: Annotated[str, AfterValidator(_site_url), NotEmpty] = Field(default_factory=_found_at)
    """Where people find the site, for links in mails; derived from the two before if unset."""
    SITE_NAME: Annotated[str, NotEmpty] = "Forecourt"
    """What the site calls itself in mails."""
    DATABASE_URL: Annotated[Secret, AfterValidator(_postgres)] = ""
    """postgres://user:password@host:5432/name; empty = SQLite in VAR_DIR."""
    REDIS_URL: Annotated[Secret, AfterValidator(_redis)] = ""
    """redis://host:6379/0; empty = the embedded Redis, on a socket in VAR_DIR."""
    STORE_URL: Annotated[str, AfterValidator(_store)] = ""
    """s3://bucket/prefix?endpoint=https://host for photos, models and reports; empty = VAR_DIR."""
    MEDIA_HOST: Annotated[str, AfterValidator(_media_host)] = ""
    """https://pictures.example, which serves pictures and nothing else; empty = the site does."""
    STATIC_COLLECTED: Switch = Field(default_factory=lambda given: not given["DEBUG"])
    """Serve the output of `manage.py collectstatic` instead of the source files."""
    STATIC_ROOT: Annotated[Path | None, BeforeValidator(lambda value: value or None)] = None
    """Where that lies; empty = staticfiles/ in the project's folder."""

    PHOTO_MAX_BYTES: Count = 25 * 2**20
    """Largest file of one photo."""
    PHOTO_MAX_PIXELS: Count = 64_000_000
    """Largest photo, in pixels."""
    PHOTOS_PER_LISTING: Count = 30
    """How many photos a listing may have."""
    SELLER_PHOTOS_PER_HOUR: Count = 600
    """How many photos a seller may add within an hour."""
    SELLER_DRAFTS: Count = 100
    """How many drafts a seller may have."""
    SELLER_MB: Count = 5_000
    """Megabytes that a seller's photos may take."""
    VISITOR_DECODE_SECONDS: Count = 6
    """Processor seconds within a minute that the photos of one address at /identify/ may take."""
    API_DECODE_SECONDS: Count = 20
    """The same of one caller of the API."""
    SELLER_DECODE_SECONDS: Count = 60
    """The same of one seller."""
    DISK_RESERVE_MB: NotNegative = 200
    """Uploads are refused when no more than this is free on the disk of the photos."""
    PHOTO_BATCH: Count = 16
    """Photos that a worker claims at once."""
    PHOTO_CLAIM_SECONDS: Count = 60
    """Seconds after which the photos of a silent worker go to another one."""
    RECOGNISER_ENGINE: Annotated[Literal["auto", "openvino", "torch"], LowerCase, NotEmpty] = "auto"
    """Library that runs the networks."""
    RECOGNISER_DEVICE: Annotated[Literal["auto", "cpu", "cuda", "mps"], LowerCase, NotEmpty] = "auto"
    """Device that they run on."""
    RECOGNITION_BUDGET_MS: Count = 120
    """A challenger slower than this for one photo does not serve, unless the champion is too."""
    MODERATION_AUTO_APPROVE: Switch = True
    """Publish submitted listings that leave no doubt without a moderator."""
    MODERATION_CLAIM_SECONDS: Count = 600
    """How long a listing stays with the moderator who opened it."""
    MODERATION_DEADLINE_HOURS: Count = 24
    """Hours after which a waiting listing comes before all others."""
    MODERATION_SECOND_PERCENT: Percent = 5
    """Of the cars that moderators name, how many a second one is asked about, blind."""
    MODERATION_GOLD_PERCENT: Percent = 2
    """Of the cars that a moderator sees, how many are settled cases."""

    ACCOUNT_EMAIL_VERIFICATION: Annotated[Literal["mandatory", "optional", "none"], LowerCase, NotEmpty] = Field(
        default_factory=lambda given: "optional" if given["DEBUG"] else "mandatory"
    )
    """Whether new accounts must confirm their address."""
    EMAIL_BACKEND: str = Field(default_factory=lambda given: MAIL_TO_FILES if given["DEBUG"] else MAIL_BY_SMTP)
    """Django's mail backend; under DEBUG it writes files."""
    EMAIL_HOST: str = "localhost"
    """Mail server."""
    EMAIL_PORT: NotNegative = 25
    """Port of the mail server."""
    EMAIL_HOST_USER: str = ""
    """User name for the mail server; empty = do not sign in."""
    EMAIL_HOST_PASSWORD: Secret = ""
    """Password for the mail server."""
    EMAIL_USE_TLS: Switch = False
    """Use STARTTLS with the mail server."""
    DEFAULT_FROM_EMAIL: str = "Forecourt <noreply@localhost>"
    """Sender of all mail."""
    OPERATOR_EMAIL: str = Field(default_factory=lambda given: "operator@localhost" if given["DEBUG"] else "")
    """Where the contact form's messages go; empty = the page has no form."""

    PROXIES: NotNegative = 0
    """Number of our own proxies in front that append to X-Forwarded-For."""
    BEHIND_TLS_PROXY: Switch = False
    """Trust X-Forwarded-Proto."""
    COOKIES_SECURE: Switch = Field(default_factory=lambda given: not given["DEBUG"])
    """Send cookies over HTTPS only."""
    SECURE_SSL_REDIRECT: Switch = False
    """Redirect HTTP to HTTPS."""
    SECURE_HSTS_SECONDS: NotNegative = 0
    """How long browsers remember to use HTTPS only; 0 = not at all."""
    SECURE_HSTS_INCLUDE_SUBDOMAINS: Switch = False
    """Whether that holds for the host's subdomains, too."""
    METRICS_TOKEN: Secret = ""
    """Bearer token for /metrics; empty = only this machine and staff may read it."""
    RECOGNISE_RATE: Rate = "60/min"
    """Photos that one caller of the API may send."""
    API_RATE: Rate = "600/min"
    """Other calls that one caller of the API may make."""
    API_WAIT_SECONDS: NotNegative = 10
    """How long POST /api/v1/recognise waits for the worker before it answers 202."""
    LOG_JSON: Switch = Field(default_factory=lambda given: not given["DEBUG"])
    """Write log lines as JSON rather than as text."""
    LOG_LEVEL: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], UpperCase, NotEmpty] = Field(
        default_factory=lambda given: "WARNING" if given["DEBUG"] else "INFO"
    )
    """Lowest level that is logged."""

    WORKERS: Workers = [[queue for queue in QUEUES if queue != "train"], ["train"]]
    """The workers that `make run` starts: queues apart by commas, workers by semicolons."""
    BIND: str = "127.0.0.1:8000"
    """Address that gunicorn binds."""
    WEB_CONCURRENCY: Count = 1
    """Number of gunicorn's processes."""
    WEB_THREADS: Count = 16
    """Threads in each process."""
    FORWARDED_ALLOW_IPS: str = "127.0.0.1"
    """Addresses whose forwarded headers gunicorn trusts."""

    @field_validator("SECRET_KEY")
    @classmethod
    def _secret_key_is_set(cls, value: str, info: ValidationInfo) -> str:
        if not value and not info.data.get("DEBUG", True):
            raise ValueError("Set SECRET_KEY to a long random string; there is no default outside DEBUG.")
        return value


def environment_read() -> Environment:
    """Read the current environment.

    Raises ImproperlyConfigured with one line for each invalid variable.
    """
    try:
        return Environment()
    except ValidationError as error:
        # After any error pydantic also reports the defaults that depend on DEBUG: only noise.
        wrong = [one for one in error.errors() if one["type"] != "default_factory_not_called"]
        raise ImproperlyConfigured("\n".join(_line(one) for one in wrong)) from error


def variables() -> set[str]:
    """The names of all variables that are read, with NAME_FILE for each secret."""
    fields = Environment.model_fields
    return {*fields, *(f"{name}_FILE" for name, field in fields.items() if FromFile in field.metadata)}


def _line(error: ErrorDetails) -> str:
    """A pydantic error as our own message, with the value as given, before its case was changed."""
    name = str(error["loc"][0])
    given = os.environ.get(name, "")
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "bool_parsing":
            return f"{name}={given!r} is neither true nor false."
        case "int_parsing" | "int_parsing_size":
            return f"{name}={given!r} is not a whole number."
        case "greater_than_equal":
            return f"{name}={given} is below {error['ctx']['ge']}."
        case "literal_error":
            return f"{name}={given!r} is none of {', '.join(get_args(Environment.model_fields[name].annotation))}."
        case _:  # without the value, which may be a secret
            return f"{name}: {error['msg']}."
