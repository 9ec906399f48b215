"""Tables of the search."""

from django.db import models


class ListingText(models.Model):
    """The words of one listing, as a search compares them: title, place, description.

    A table of its own, so that the full-text index hangs on few columns and no change of the
    listings' table touches it: see marketplace.listings.search.text.
    """

    listing = models.OneToOneField(
        "listings.Listing", on_delete=models.CASCADE, primary_key=True, related_name="text", db_index=False
    )
    words = models.TextField()

    class Meta:
        app_label = "listings"

    def __str__(self) -> str:
        return f"{self.pk}: {self.words[:60]}"
