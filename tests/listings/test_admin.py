"""Staff look listings up and change nothing behind the services' back."""


def test_staff_see_listings_and_cannot_edit_them(client, bob, put_live):
    bob.is_staff = bob.is_superuser = True
    bob.save()
    client.force_login(bob)
    listing = put_live()
    assert listing.code in client.get("/admin/listings/listing/").content.decode()
    assert client.get(f"/admin/listings/listing/{listing.pk}/change/").status_code == 200
    assert client.post(f"/admin/listings/listing/{listing.pk}/change/", {"status": "sold"}).status_code == 403
