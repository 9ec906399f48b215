"""What search engines are told: which pages there are, and which are none of theirs."""

from datetime import datetime

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from marketplace.listings.life.steps import ON_SALE
from marketplace.listings.models import Listing

MOST_ADDRESSES = 50_000  # in one file, by the protocol
NOT_THEIRS = ("/accounts/", "/admin/", "/api/", "/identify/", "/moderate/", "/my/", "/saved/", "/sell/")


class CarSitemap(Sitemap):  # type: ignore[type-arg]  # parameters only in the stubs
    """Every car on sale."""

    limit = MOST_ADDRESSES

    def items(self) -> QuerySet[Listing]:
        return Listing.objects.filter(status__in=ON_SALE).only("code", "updated_at").order_by("pk")

    def lastmod(self, item: Listing) -> datetime:
        return item.updated_at


class ModelSitemap(Sitemap):  # type: ignore[type-arg]  # parameters only in the stubs
    """The page of every model of which a car is on sale."""

    limit = MOST_ADDRESSES

    def items(self) -> list[tuple[str, str]]:
        rows = Listing.objects.filter(status__in=ON_SALE, car_model__isnull=False).order_by()
        return sorted(rows.values_list("make__slug", "car_model__slug").distinct())

    def location(self, item: tuple[str, str]) -> str:
        return reverse("search:model", args=item)


SITEMAPS = {"cars": CarSitemap, "models": ModelSitemap}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """``/robots.txt``"""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_THEIRS)]
    lines.append(f"Sitemap: {request.build_absolute_uri(reverse('search:sitemaps'))}")
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain")
