"""Answers to visitors while database, disk, store, Redis or mail server are unavailable."""

import sys
from collections.abc import Callable

import structlog
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.defaults import server_error as django_server_error
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisSilent

from marketplace.database import database_outage
from marketplace.storage import is_storage_outage

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 30


class MailAway(Exception):
    """The mail server does not accept a mail that the page depends on."""


class OutageMiddleware:
    """Answers 503 with a clear line if a service that is needed does not respond.

    Redis counts attempts at passwords and photos sent to the API. Without it those requests are
    refused rather than let through uncounted. Everything that needs no count (browsing, uploading
    to a draft, moderating) keeps working.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, MailAway):
            log.error("mail_away", path=request.path, error=str(error))
            answer: HttpResponse = render(request, "503_mail.html", status=503)
        elif isinstance(error, RedisAway | RedisSilent):
            log.error("redis_away", path=request.path, error=str(error))
            answer = _redis_away(request)
        elif (outage := database_outage(error)) or is_storage_outage(error):
            answer = outage_answer(request, error)
            answer.database_away = outage == "away"  # type: ignore[attr-defined]  # for RetryMiddleware
        else:
            return None
        answer["Retry-After"] = str(RETRY_AFTER_S)
        return answer


class RetryMiddleware:
    """Answers a GET or HEAD once more, on a new connection, if the database broke off the first.

    Only these: of others it is not known what was done. It stands outside all that uses the
    database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self._get_response(request)
        if not getattr(answer, "database_away", False) or request.method not in ("GET", "HEAD"):
            return answer
        log.info("asking_again", path=request.path)
        for connection in connections.all(initialized_only=True):
            connection.close_if_unusable_or_obsolete()
        for name in ("_cached_user", "_acached_user"):  # of the session that this request could not read
            request.__dict__.pop(name, None)
        return self._get_response(request)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: also for what middleware raises, which no process_exception sees."""
    error = sys.exc_info()[1]
    outage = database_outage(error) if error is not None else ""
    if error is None or not (outage or is_storage_outage(error)):
        return django_server_error(request)
    answer = outage_answer(request, error)
    answer.database_away = outage == "away"  # type: ignore[attr-defined]  # for RetryMiddleware
    answer["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def outage_answer(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503 without any use of database, session or disk."""
    log.error("database_or_disk_away", path=request.path, error=str(error))
    text = _("A part of the site is away. Try again in %(seconds)s seconds.") % {"seconds": RETRY_AFTER_S}
    if request.path.startswith("/api/") or "application/problem+json" in request.headers.get("Accept", ""):
        problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503}
        content = {**problem, "code": "unavailable", "detail": text}
        return JsonResponse(content, status=503, content_type="application/problem+json")
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"message": text}, status=503)
    return HttpResponse(render_to_string("503_database.html", {"seconds": RETRY_AFTER_S}), status=503)


def _redis_away(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        text = _("A part of the site is away. Try again in a minute.")
        return JsonResponse({"code": "unavailable", "detail": text}, status=503)
    return render(request, "503.html", status=503)
