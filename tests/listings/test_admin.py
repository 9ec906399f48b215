"""Staff can look up listings, but cannot change them past the services."""

import pytest

from tests.factories import ListingFactory, UserFactory


def test_staff_see_listings_and_cannot_edit_them(client, put_live):
    client.force_login(UserFactory(superuser=True))
    listing = put_live()
    assert listing.code in client.get("/admin/listings/listing/").content.decode()
    assert client.get(f"/admin/listings/listing/{listing.pk}/change/").status_code == 200
    assert client.post(f"/admin/listings/listing/{listing.pk}/change/", {"status": "sold"}).status_code == 403


@pytest.mark.parametrize("text", ["богдан", "ŁÓDŹ", "lodz", "елан"])
def test_staff_find_a_listing_whatever_the_case_and_accents(client, put_live, text):
    client.force_login(UserFactory(superuser=True))
    put_live()
    listing = ListingFactory(other_make="Богдан", other_model="Ёлан", place="Łódź")
    found = client.get("/admin/listings/listing/", {"q": text}).context["cl"].result_list
    assert list(found) == [listing]
