"""The list of cars on sale: filters as criteria of the search, pages by keyset."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters.utils import translate_validation
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from marketplace.api.filters import ListingFilterSet
from marketplace.api.responses import NO_SUCH_FILTER, TOO_OFTEN
from marketplace.api.serializers import ListingSerializer
from marketplace.catalogue.models import Make
from marketplace.catalogue.selectors import model_find
from marketplace.listings.models import Listing
from marketplace.listings.search.criteria import BASE_CURRENCY, CHOICES, RANGES, Criteria, Range
from marketplace.listings.search.services import Found, Place, search
from marketplace.listings.search.stock.paging import Cursor
from marketplace.listings.search.understanding import criteria_understood

PAGE_SIZE, MOST_PAGE_SIZE = 50, 500


class KeysetPagination(BasePagination):
    """Pages that begin after a car or end before one; ``count`` is of all pages.

    For the schema: the view makes the pages, because the search finds and counts in one go.
    """

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "results"],
            "properties": {
                "count": {
                    "type": "integer",
                    "description": gettext("of all pages; of a search by words at most 10,001"),
                },
                "next": address,
                "previous": address,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        def parameter(name: str, kind: str, words: str) -> dict[str, Any]:
            schema = {"type": kind}
            return {"name": name, "required": False, "in": "query", "description": words, "schema": schema}

        return [
            parameter("after", "string", gettext("as in next: the page that begins after this car")),
            parameter("before", "string", gettext("as in previous: the page that ends before this car")),
            parameter("page_size", "integer", gettext("at most %(most)s") % {"most": MOST_PAGE_SIZE}),
        ]


@extend_schema(
    summary=_("Cars for sale, newest first"),
    responses={200: ListingSerializer(many=True), 400: NO_SUCH_FILTER, 429: TOO_OFTEN},
)
class ListingsView(ListAPIView[Listing]):
    throttle_scope = "api"
    serializer_class = ListingSerializer
    pagination_class = KeysetPagination
    filterset_class = ListingFilterSet
    queryset = Listing.objects.none()  # for the schema: the search fetches the rows

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        filters = ListingFilterSet(request.query_params, queryset=Listing.objects.none(), request=request)
        if not filters.is_valid():
            raise translate_validation(filters.errors)
        criteria = _criteria(filters.form.cleaned_data)
        place = Place(*(Cursor.read(request.query_params.get(name, "")) for name in ("after", "before")))
        found = search(criteria, place=place, size=_page_size(request)) if criteria else None
        results = self.get_serializer(found.listings if found else [], many=True).data
        return Response({"count": found.counts.total if found else 0, **_links(request, found), "results": results})


def _criteria(said: dict[str, Any]) -> Criteria | None:
    """What the parameters ask for; None if they name a model that there is not."""
    make: Make | None = said["make"]
    model = model_find(make=make, text=said["model"]) if make and said["model"] else None
    if said["model"] and model is None:
        return None
    criteria = Criteria(
        words=said["q"],
        places=(said["place"],) if said["place"] else (),
        currency=said["currency"] or BASE_CURRENCY,
        sort=said["sort"] or "newest",
    ).with_cars([make] if make else [], [model] if model else [])
    for name in CHOICES:
        criteria = criteria.with_chosen(name, [said[name]] if said[name] else [])
    for name in RANGES:
        criteria = criteria.with_range(name, Range(said[f"{name}_min"], said[f"{name}_max"]))
    understood = criteria_understood(criteria).criteria
    return replace(understood, sort=criteria.sort)


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", "")
    size = int(text) if text.isdecimal() and len(text) < 6 else 0
    return min(size, MOST_PAGE_SIZE) or PAGE_SIZE


def _links(request: Request, found: Found | None) -> dict[str, str | None]:
    address = request.build_absolute_uri()
    for name in ("after", "before", "page"):
        address = remove_query_param(address, name)
    after, before = (found.next, found.previous) if found else (None, None)
    return {
        "next": replace_query_param(address, "after", str(after)) if after else None,
        "previous": replace_query_param(address, "before", str(before)) if before else None,
    }
