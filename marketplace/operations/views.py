"""Endpoints for machines: health and metrics."""

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from marketplace.accounts.models import User
from marketplace.operations.figures import figures_text
from marketplace.operations.health import site_health, site_readiness

LOOPBACK = {"127.0.0.1", "::1"}


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 while people can use the site, even if it is degraded; 503 if they cannot."""
    health = site_health()
    return JsonResponse(health, status=503 if health["status"] == "down" else 200)


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 while the site takes photos; 503 if it cannot, also because its disk is nearly full."""
    ready = site_readiness()
    return JsonResponse(ready, status=503 if ready["status"] == "down" else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics for Prometheus.

    If METRICS_TOKEN is set, its bearer may read them; without one, this machine. Staff always may.
    """
    if not _may_see_metrics(request):
        raise Http404
    response: HttpResponse = ExportToDjangoView(request)
    response.content += figures_text()
    return response


def _may_see_metrics(request: HttpRequest) -> bool:
    if isinstance(request.user, User) and request.user.is_staff:
        return True
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    # A proxy on this machine also connects from the loopback address, for any client.
    proxied = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not proxied
