"""Photos for staff to look up."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.photos.models import Photo
from tests.factories import CarModelFactory, PhotoFactory, UserFactory


def test_a_longer_list_asks_no_more_questions(client, alice):
    client.force_login(UserFactory(superuser=True))

    def asked_with(photos):
        for _ in range(photos):
            PhotoFactory(listing__seller=alice, listing__car_model=CarModelFactory())
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/admin/photos/photo/").status_code == 200
        return len(asked)

    asked_with(1)  # what is only asked once, such as content types
    assert asked_with(1) == asked_with(5)


def test_nothing_is_deleted_past_the_services(client, alice):
    """Not the photo, whose files and verdict would stay; nor by way of its listing, nor of the
    person who sells."""
    photo = PhotoFactory(listing__seller=alice)
    client.force_login(UserFactory(superuser=True))
    for address in (
        f"/admin/photos/photo/{photo.pk}/delete/",
        f"/admin/listings/listing/{photo.listing_id}/delete/",
        f"/admin/accounts/user/{alice.pk}/delete/",
    ):
        assert client.post(address, {"post": "yes"}).status_code == 403, address
    for kind, key in (("photos/photo", photo.pk), ("listings/listing", photo.listing_id)):
        chosen = {"action": "delete_selected", "_selected_action": str(key), "post": "yes"}
        client.post(f"/admin/{kind}/", chosen)
    assert Photo.objects.get() == photo


def test_outsiders_do_not_even_see_the_page(client, alice, bob, charlie):
    photo = PhotoFactory(listing__seller=alice)
    for user in (alice, bob, charlie):
        client.force_login(user)
        assert client.post(f"/admin/photos/photo/{photo.pk}/delete/", {"post": "yes"}).status_code == 302
    assert Photo.objects.get() == photo
