"""The pages of models, and what search engines read.

Included last: ``/cars/…/save/`` and the like belong to a single car.
"""

from django.contrib.sitemaps.views import index, sitemap
from django.urls import path
from django.views.decorators.cache import cache_page

from marketplace.listings.search import views
from marketplace.listings.search.sitemaps import SITEMAPS, robots

HOUR = 3600
MAPS = {"sitemaps": SITEMAPS}

app_name = "search"

urlpatterns = [
    path("cars/<str:make>/<str:model>/", views.model, name="model"),
    path("robots.txt", robots, name="robots"),
    path("sitemap.xml", cache_page(HOUR)(index), {**MAPS, "sitemap_url_name": "search:sitemap"}, name="sitemaps"),
    path("sitemap-<section>.xml", cache_page(HOUR)(sitemap), MAPS, name="sitemap"),
]
