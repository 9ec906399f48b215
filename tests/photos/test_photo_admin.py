"""Photos for staff to look up."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.catalogue.models import CarModel, Make
from marketplace.listings.models import Listing
from marketplace.photos.models import Photo


def test_a_longer_list_asks_no_more_questions(client, alice):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client.force_login(alice)

    def asked_with(photos):
        for _ in range(photos):
            make = Make.objects.create(name=f"Make {Make.objects.count()}")
            model = CarModel.objects.create(make=make, name="Model")
            listing = Listing.objects.create(seller=alice, make=make, car_model=model)
            Photo.objects.create(
                listing=listing, file="photos/x.jpg", card="cards/x.jpg", width=1, height=1, upload_sha256="0" * 64
            )
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/admin/photos/photo/").status_code == 200
        return len(asked)

    asked_with(1)  # what is only asked once, such as content types
    assert asked_with(1) == asked_with(5)
