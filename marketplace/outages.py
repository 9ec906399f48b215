"""What a visitor reads while a part of the site is away."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisSilent

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 30


class MailAway(Exception):
    """The mail server does not take the mail that a page cannot go on without."""


class OutageMiddleware:
    """503 and a clear line where Redis or the mail server is needed and does not answer.

    Redis counts tries of passwords and of photos: without it nobody is let through uncounted. What needs no count (to
    browse, to upload to one's own draft, to moderate) goes on.
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
