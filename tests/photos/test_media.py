"""Who may see which picture, and from where."""

from types import SimpleNamespace

import pytest
from django.test import override_settings

from marketplace import settings as site_settings
from marketplace.photos import pictures
from marketplace.photos.models import Photo
from tests.factories import ListingFactory, PhotoFactory

pytestmark = pytest.mark.django_db
HOST = "https://pictures.example"


@pytest.fixture
def photo(alice, media):
    return PhotoFactory(listing=ListingFactory(seller=alice, draft=True), done=True, with_files=True)


def bare(photo):
    return f"/media/{photo.file.name}"


def test_a_draft_s_photo_is_seen_by_whoever_a_page_showed_it_and_nobody_else(client, photo):
    assert client.get(bare(photo)).status_code == 404
    assert client.get(f"{bare(photo)}?key=0123456789abcdef0123456789abcdef").status_code == 404
    other = PhotoFactory(listing=photo.listing, done=True, with_files=True)
    assert client.get(f"{bare(photo)}?{other.file.url.partition('?')[2]}").status_code == 404
    assert client.get(photo.file.url).status_code == 200
    assert client.get(photo.card.url).status_code == 200


def test_the_seller_s_page_shows_what_it_may(client, photo, alice):
    client.force_login(alice)
    page = client.get(f"/sell/{photo.listing.code}/").content.decode()
    assert photo.card.url in page
    assert client.get(photo.card.url).status_code == 200


@pytest.mark.parametrize("trait", ["live", "reserved", "sold"])
def test_photos_of_a_car_on_sale_or_sold_have_an_address_that_lasts(client, media, trait):
    photo = PhotoFactory(listing=ListingFactory(**{trait: True}), done=True, with_files=True)
    assert photo.file.url == bare(photo)
    assert client.get(photo.file.url).status_code == 200


@pytest.mark.parametrize("status", ["rejected", "withdrawn", "taken_down", "expired"])
def test_an_address_from_when_the_car_was_on_sale_leads_nowhere_later(client, media, status):
    photo = PhotoFactory(listing=ListingFactory(live=True), done=True, with_files=True)
    address = photo.file.url
    assert client.get(address).status_code == 200
    type(photo.listing).objects.filter(pk=photo.listing_id).update(status=status)
    assert client.get(address).status_code == 404


def test_a_key_holds_for_half_a_day_to_a_day(client, photo, monkeypatch):
    now = SimpleNamespace(time=pictures.PERIOD_SECONDS * 40_000.0)
    monkeypatch.setattr(pictures, "time", SimpleNamespace(time=lambda: now.time))
    address = photo.file.url
    now.time += 1.9 * pictures.PERIOD_SECONDS
    assert client.get(address).status_code == 200
    now.time += 0.2 * pictures.PERIOD_SECONDS
    assert client.get(address).status_code == 404


def test_an_address_asks_the_database_for_nothing(photo, django_assert_num_queries):
    row = Photo.objects.get(pk=photo.pk)
    with django_assert_num_queries(0):
        assert "?key=" in row.file.url


def test_a_picture_that_is_opened_by_itself_can_do_nothing(client, photo):
    answer = client.get(photo.file.url)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Disposition"].startswith("inline; filename=")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"


@override_settings(MEDIA_HOST=HOST, MEDIA_URL=f"{HOST}/media/", ALLOWED_HOSTS=["testserver", "pictures.example"])
def test_a_host_of_its_own_serves_pictures_and_nothing_else(client, media):
    photo = PhotoFactory(listing=ListingFactory(live=True), done=True, with_files=True)
    page = client.get(photo.listing.get_absolute_url())
    there = {"headers": {"Host": "pictures.example"}}
    assert client.get(f"/media/{photo.file.name}", **there).status_code == 200
    for path in ("/", "/accounts/login/", "/static/css/site.css", "/admin/", "/mediae/"):
        assert client.get(path, **there).status_code == 404, path
    assert client.get(f"/media/{photo.file.name}")["Location"] == f"{HOST}/media/{photo.file.name}"
    assert page.status_code == 200


def test_the_environment_widens_the_policy_by_that_host_alone(monkeypatch):
    import importlib

    monkeypatch.setenv("MEDIA_HOST", HOST)
    try:
        changed = importlib.reload(site_settings)
        policy = changed.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        assert policy["img-src"] == ["'self'", "data:", "blob:", HOST]
        assert not [name for name, sources in policy.items() if HOST in sources and name != "img-src"]
        assert changed.MEDIA_URL == HOST + "/media/"
        assert changed.ALLOWED_HOSTS[-1] == "pictures.example"
    finally:
        monkeypatch.delenv("MEDIA_HOST")
        importlib.reload(site_settings)
