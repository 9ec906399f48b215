"""Answers to visitors while Redis or the mail server is unavailable."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisSilent

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 30


class MailAway(Exception):
    """The mail server does not accept a mail that the page depends on."""


class OutageMiddleware:
    """Answers 503 with a clear line if Redis or the mail server is needed and does not respond.

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
        else:
            return None
        answer["Retry-After"] = str(RETRY_AFTER_S)
        return answer


def _redis_away(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        text = "A part of the site is away. Try again in a minute."
        return JsonResponse({"code": "unavailable", "detail": text}, status=503)
    return render(request, "503.html", status=503)
