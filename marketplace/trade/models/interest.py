"""What visitors do with a listing before they write: they look at it, and save it."""

from django.conf import settings
from django.db import models

from marketplace.listings.models import Listing


class Favourite(models.Model):
    """A car that somebody with an account saved. Without one, a cookie holds them."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="favourites")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (models.UniqueConstraint(fields=["person", "listing"], name="trade_favourite_once"),)

    def __str__(self) -> str:
        return f"{self.person_id} saved {self.listing_id}"


class Views(models.Model):
    """How often a listing was looked at; by whom is kept nowhere."""

    listing = models.OneToOneField(Listing, on_delete=models.CASCADE, related_name="views")
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "views"

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.count}"
