"""Staff look listings up and change nothing behind the services' back."""

import pytest

from marketplace.listings.models import Listing


def test_staff_see_listings_and_cannot_edit_them(client, bob, put_live):
    bob.is_staff = bob.is_superuser = True
    bob.save()
    client.force_login(bob)
    listing = put_live()
    assert listing.code in client.get("/admin/listings/listing/").content.decode()
    assert client.get(f"/admin/listings/listing/{listing.pk}/change/").status_code == 200
    assert client.post(f"/admin/listings/listing/{listing.pk}/change/", {"status": "sold"}).status_code == 403


@pytest.mark.parametrize("text", ["богдан", "ŁÓDŹ", "lodz", "елан"])
def test_staff_find_a_listing_whatever_the_case_and_accents(client, bob, alice, put_live, text):
    bob.is_staff = bob.is_superuser = True
    bob.save()
    client.force_login(bob)
    put_live()
    listing = Listing.objects.create(seller=alice, other_make="Богдан", other_model="Ёлан", place="Łódź")
    found = client.get("/admin/listings/listing/", {"q": text}).context["cl"].result_list
    assert list(found) == [listing]
