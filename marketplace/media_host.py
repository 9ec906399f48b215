"""Pictures from a host of their own, if MEDIA_HOST names one: strangers' bytes are another site's.

That host serves nothing else, so it has no session, no form and no page.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, HttpResponsePermanentRedirect

PATH = "/media/"


class MediaHostMiddleware:
    """Sends each request to the host that answers it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.MEDIA_HOST:
            return self._get_response(request)
        is_media = request.path_info.startswith(PATH)
        is_here = request.get_host() == urlsplit(settings.MEDIA_HOST).netloc
        if is_here and not is_media:
            return HttpResponseNotFound("Only pictures are served here.", content_type="text/plain")
        if is_media and not is_here:
            return HttpResponsePermanentRedirect(f"{settings.MEDIA_HOST}{request.get_full_path()}")
        return self._get_response(request)
