"""What stays of an advertisement that was public and is removed for good: that it is gone."""

from django.db import models
from django.utils import timezone

from marketplace.catalogue.models import CarModel, Make


class GoneListing(models.Model):
    """The address of a removed listing, and which car it was of; nothing of its seller."""

    code = models.CharField(max_length=12, unique=True)
    make = models.ForeignKey(Make, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    car_model = models.ForeignKey(CarModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "listings"
        ordering = ("-at",)

    def __str__(self) -> str:
        return self.code
