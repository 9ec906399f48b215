"""The API's views: parse, call a service or a selector, respond."""

from typing import Any, cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.generics import ListAPIView
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplace.api.filters import CarModelFilterSet
from marketplace.api.recognise import recognise_and_wait
from marketplace.api.responses import NO_SUCH_FILTER, NO_SUCH_PAGE, TOO_OFTEN
from marketplace.api.serializers import (
    CarModelSerializer,
    ListingSerializer,
    MakeSerializer,
    RecognitionSerializer,
    RefusalSerializer,
    UploadSerializer,
    recognition_data,
)
from marketplace.catalogue.models import CarModel, Make
from marketplace.catalogue.selectors import make_list
from marketplace.listings.access import visible_listing
from marketplace.photos.forms import upload_read
from marketplace.photos.intake.callers import program
from marketplace.photos.selectors import photo_of_visitor
from marketplace.photos.services import PhotoRejected

# The HTTP status of each refusal. Every other one is a 400.
REFUSED_WITH = {
    "too_large": status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    "too_many_pixels": status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    "wrong_format": status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    "not_a_picture": status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    "extension_mismatch": status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    "too_much_work": status.HTTP_429_TOO_MANY_REQUESTS,
    "busy": status.HTTP_503_SERVICE_UNAVAILABLE,
    "not_stored": status.HTTP_503_SERVICE_UNAVAILABLE,
}


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class RecogniseView(APIView):
    """One photo in; car, make and model out."""

    parser_classes = (MultiPartParser,)
    throttle_scope = "recognise"

    @extend_schema(
        summary=_("Recognise the car on a photo"),
        request={"multipart/form-data": UploadSerializer},
        responses={
            200: RecognitionSerializer,
            202: OpenApiResponse(RecognitionSerializer, _("No worker has had time yet: ask again at Location.")),
            400: OpenApiResponse(RefusalSerializer, _("This file is damaged, incomplete or missing.")),
            413: OpenApiResponse(RefusalSerializer, _("This file has too many bytes or pixels.")),
            415: OpenApiResponse(RefusalSerializer, _("This file is not a photo of a kind that can be read.")),
            429: TOO_OFTEN,
            503: OpenApiResponse(
                RefusalSerializer, _("Too many photos are arriving right now, or none can be stored.")
            ),
        },
    )
    def post(self, request: Request) -> Response:
        upload = request.FILES.get("photo")
        if not isinstance(upload, UploadedFile):
            return _refused("missing", gettext("Send one photo as the multipart field 'photo'."))
        try:
            photo = recognise_and_wait(
                data=upload_read(upload), filename=upload.name or "", caller=program(cast(Any, request))
            )
        except PhotoRejected as error:
            return _refused(error.reason_code, error.message, retry_after_s=error.retry_after_s)
        where = reverse("api:recognition", args=[photo.pk])
        if photo.is_settled:
            return Response(recognition_data(photo), headers={"Content-Location": where})
        return Response(recognition_data(photo), status=status.HTTP_202_ACCEPTED, headers={"Location": where})

    def handle_exception(self, exc: Exception) -> Response:
        """Report a body that cannot be parsed in the same shape as a refused file."""
        answer = super().handle_exception(exc)
        if isinstance(exc, ParseError | UnsupportedMediaType):
            answer.data = {"code": "wrong_envelope", "detail": str(exc.detail)}
        return answer


def _refused(code: str, detail: str, *, retry_after_s: int | None = None) -> Response:
    answer = REFUSED_WITH.get(code, status.HTTP_400_BAD_REQUEST)
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Response({"code": code, "detail": detail}, status=answer, headers=headers)


class RecognitionView(APIView):
    throttle_scope = "api"

    @extend_schema(
        summary=_("A recognition that was asked for within the last hour"),
        responses={
            200: RecognitionSerializer,
            404: OpenApiResponse(description=_("Unknown, or removed after an hour.")),
            429: TOO_OFTEN,
        },
    )
    def get(self, _request: Request, photo_id: UUID) -> Response:
        photo = photo_of_visitor(photo_id=photo_id)
        if photo is None:
            raise Http404
        return Response(recognition_data(photo))


@extend_schema(summary=_("All makes"), responses={200: MakeSerializer(many=True), 404: NO_SUCH_PAGE, 429: TOO_OFTEN})
class MakesView(ListAPIView[Make]):
    throttle_scope = "api"
    serializer_class = MakeSerializer
    pagination_class = Pages
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Make]:
        return make_list()


@extend_schema(
    summary=_("All models, or those of one make"),
    responses={200: CarModelSerializer(many=True), 400: NO_SUCH_FILTER, 404: NO_SUCH_PAGE, 429: TOO_OFTEN},
)
class ModelsView(ListAPIView[CarModel]):
    throttle_scope = "api"
    serializer_class = CarModelSerializer
    pagination_class = Pages
    filterset_class = CarModelFilterSet

    def get_queryset(self) -> QuerySet[CarModel]:
        return CarModel.objects.select_related("make").order_by("make__key", "key")


class ListingView(APIView):
    throttle_scope = "api"

    @extend_schema(
        summary=_("One car"),
        parameters=[OpenApiParameter("code", OpenApiTypes.STR, OpenApiParameter.PATH)],
        responses={
            200: ListingSerializer,
            404: OpenApiResponse(description=_("No such listing for you to see.")),
            429: TOO_OFTEN,
        },
    )
    def get(self, request: Request, code: str) -> Response:
        listing = visible_listing(cast(Any, request), code)
        return Response(ListingSerializer(listing, context={"request": request}).data)
