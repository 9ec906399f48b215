"""The shapes in which the API shows catalogue, listings and recognitions."""

from dataclasses import asdict
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from classifier.attributes import BODIES, VIEWS
from classifier.colour import COLOURS
from classifier.formats import NAMES
from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.details.columns import MileageUnit, PowerUnit
from marketplace.listings.details.equipment import NAMES as EQUIPMENT
from marketplace.listings.models import Listing
from marketplace.photos.models import Photo
from marketplace.photos.selectors import prediction_latest


class MakeSerializer(serializers.ModelSerializer[Make]):
    slug = serializers.CharField(read_only=True)  # a SlugField's schema promises ASCII; Citroën's is citroën

    class Meta:
        model = Make
        fields = ("name", "slug")


class CarModelSerializer(serializers.ModelSerializer[CarModel]):
    make = serializers.CharField(source="make.name")
    slug = serializers.CharField(read_only=True)

    class Meta:
        model = CarModel
        fields = ("make", "name", "slug", "first_year", "last_year")


class ListingPhotoSerializer(serializers.ModelSerializer[Photo]):
    url = serializers.FileField(source="file", read_only=True)
    card_url = serializers.FileField(source="card", read_only=True)

    class Meta:
        model = Photo
        fields = ("url", "card_url", "width", "height")


class ListingSerializer(serializers.ModelSerializer[Listing]):
    make = serializers.CharField(source="make.name", allow_null=True)
    model = serializers.CharField(source="car_model.name", allow_null=True)
    other_make = serializers.CharField(
        allow_blank=True, help_text=_("The seller's own word for a make that the catalogue does not have.")
    )
    other_model = serializers.CharField(
        allow_blank=True, help_text=_("The seller's own word for a model that the catalogue does not have.")
    )
    url = serializers.SerializerMethodField()
    mileage_unit = serializers.ChoiceField(
        choices=MileageUnit.choices,
        help_text=_("in which the seller reads it; mileage_km is in kilometres in any case"),
    )
    power_unit = serializers.ChoiceField(
        choices=PowerUnit.choices, help_text=_("in which the seller reads it; power_kw is in kilowatts in any case")
    )
    inspection_until = serializers.DateField(allow_null=True, help_text=_("the first day of the last month"))
    equipment = serializers.ListField(child=serializers.ChoiceField(choices=list(EQUIPMENT.items())))
    has_telephone = serializers.SerializerMethodField(
        help_text=_("whether the listing's page shows a telephone number to who presses for it")
    )
    status = serializers.ChoiceField(
        choices=Listing.Status.choices, help_text=_("live or reserved in the list; sold, too, for a single car")
    )
    lowered_from = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        allow_null=True,
        help_text=_("What was asked before, if the price was lowered within the last 30 days."),
    )
    photos = ListingPhotoSerializer(many=True)

    class Meta:
        model = Listing
        fields = (
            "code", "url", "status", "make", "model", "other_make", "other_model", "body", "colour", "year", "price",
            "lowered_from", "currency", "negotiable", "vat", "mileage_km", "mileage_unit", "registered_month", "fuel",
            "gearbox", "power_kw", "power_unit", "drive", "doors", "seats", "owners", "accident_free",
            "inspection_until", "equipment", "country", "postcode", "place", "has_telephone", "description",
            "published_at", "photos",
        )  # fmt: skip

    def get_has_telephone(self, listing: Listing) -> bool:
        return bool(listing.telephone)

    @extend_schema_field(serializers.URLField())
    def get_url(self, listing: Listing) -> str:
        url: str = self.context["request"].build_absolute_uri(listing.get_absolute_url())
        return url


class GuessSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    confidence = serializers.FloatField(min_value=0, max_value=1)


class CandidateSerializer(serializers.Serializer[Any]):
    make = serializers.CharField()
    model = serializers.CharField(allow_blank=True)
    years = serializers.CharField(allow_blank=True)
    confidence = serializers.FloatField(min_value=0, max_value=1)
    alike = serializers.ListField(
        child=serializers.CharField(), help_text=_("make and model of each car that photos cannot tell from it")
    )
    group_confidence = serializers.FloatField(
        min_value=0, max_value=1, help_text=_("that it is this or one of alike; as confidence if there is none")
    )


class RecognitionSerializer(serializers.Serializer[Any]):
    """The recognition of one photo; ``status`` is ``pending`` until a worker has processed it."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["pending", *Photo.Outcome.values])
    kind = serializers.ChoiceField(
        choices=Photo.Kind.choices, allow_blank=True, help_text=_("other: there is no car on the photo")
    )
    box = serializers.ListField(
        child=serializers.IntegerField(),
        min_length=4,
        max_length=4,
        allow_null=True,
        help_text=_("x1, y1, x2, y2 of the vehicle, in pixels of image_size"),
    )
    image_size = serializers.ListField(
        child=serializers.IntegerField(), min_length=2, max_length=2, help_text=_("width, height")
    )
    make = GuessSerializer(allow_null=True)
    candidates = CandidateSerializer(many=True, help_text=_("at most five, best first"))
    view = GuessSerializer(
        allow_null=True, help_text=format_lazy(_("the side that the car shows: {names}"), names=", ".join(VIEWS))
    )
    body = GuessSerializer(
        allow_null=True, help_text=format_lazy(_("the likeliest of {names}"), names=", ".join(BODIES))
    )
    colour = GuessSerializer(
        allow_null=True, help_text=format_lazy(_("of the paint: the likeliest of {names}"), names=", ".join(COLOURS))
    )
    cars = serializers.IntegerField(
        min_value=0, allow_null=True, help_text=_("how many cars the photo shows prominently; null if unknown")
    )
    model_version = serializers.CharField(allow_null=True)
    timings_ms = serializers.DictField(child=serializers.FloatField())
    error = serializers.CharField(allow_blank=True)


class UploadSerializer(serializers.Serializer[Any]):
    photo = serializers.FileField(help_text=NAMES)


class RefusalSerializer(serializers.Serializer[Any]):
    """Why an upload was refused."""

    code = serializers.CharField(help_text=_("for programs: too_large, not_a_picture, truncated …"))
    detail = serializers.CharField(help_text=_("for people: what is wrong with this file and what to do"))


def recognition_data(photo: Photo) -> dict[str, Any]:
    """The recognition of a photo, in the shape of RecognitionSerializer."""
    said = prediction_latest(photo=photo) if photo.is_settled else None
    return {
        "id": str(photo.pk),
        "status": photo.outcome or Photo.Outcome.UNREADABLE if photo.is_settled else "pending",
        "kind": photo.kind,
        "box": said.box if said else None,
        "image_size": [photo.width, photo.height],
        "make": {"name": said.make_name, "confidence": said.make_confidence} if said and said.make_name else None,
        "candidates": [_candidate(one) for one in said.candidates] if said else [],
        "view": {"name": said.view, "confidence": said.view_confidence} if said and said.view else None,
        "body": asdict(said.body) if said and said.body else None,
        "colour": asdict(said.colour) if said and said.colour else None,
        "cars": said.cars if said else None,
        "model_version": said.model_version.version if said else None,
        "timings_ms": said.timings_ms if said else {},
        "error": _error(photo),
    }


def _candidate(stored: dict[str, Any]) -> dict[str, Any]:
    """A candidate of a prediction; those from before look-alikes were told name none."""
    return {"alike": [], "group_confidence": stored["confidence"], **stored}


def _error(photo: Photo) -> str:
    """Why a photo cannot be read.

    The error of a worker is not shown: it is for the operator, and may name folders or hosts.
    """
    if photo.status == Photo.Status.FAILED:
        return gettext("This photo could not be looked at. Send it again.")
    return photo.error if photo.is_settled else ""
