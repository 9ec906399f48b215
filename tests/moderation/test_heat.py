"""The heat map's addresses: for moderators only."""

import pytest
from django.test import Client
from django.urls import reverse

from marketplace.photos.heatmaps.services import heatmap_claim, heatmap_finish, heatmap_request
from marketplace.photos.models import Heatmap, Photo
from tests.factories import ModelVersionFactory

HTMX = {"HX-Request": "true"}
EVERY_URL = [("get", "heat"), ("post", "heat"), ("get", "heat_picture")]


@pytest.fixture
def photo(waiting):
    waiting("Octavia")
    return Photo.objects.get()


@pytest.fixture
def drawn(photo):
    """A finished heat map."""
    version = ModelVersionFactory(champion=True)
    heatmap_request(photo=photo)
    heatmap_finish(heatmap=heatmap_claim(), png=b"a picture", box=(10, 20, 110, 100), car="Škoda <Fabia>", by=version)
    return Heatmap.objects.get()


def url(name, photo):
    return reverse(f"moderation:{name}", args=[photo.listing.code, photo.pk])


@pytest.mark.parametrize(("method", "name"), EVERY_URL)
@pytest.mark.parametrize("person", ["charlie", "alice"])
def test_it_does_not_exist_for_outsiders_and_the_seller(client, request, photo, drawn, person, method, name):
    client.force_login(request.getfixturevalue(person))
    before = Heatmap.objects.values().get()
    assert getattr(client, method)(url(name, photo)).status_code == 404
    assert client.get(f"/media/{drawn.file.name}").status_code == 404
    assert Heatmap.objects.values().get() == before


@pytest.mark.parametrize(("method", "name"), EVERY_URL)
def test_it_asks_a_stranger_to_sign_in(client, photo, method, name):
    answer = getattr(client, method)(url(name, photo))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))
    assert not Heatmap.objects.exists()


def test_it_asks_for_nothing_on_get_nor_without_the_page_s_token(bobs, bob, photo):
    bobs.get(url("heat", photo), headers=HTMX)
    assert bobs.get(url("heat_picture", photo)).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bob)
    assert strict.post(url("heat", photo)).status_code == 403
    assert not Heatmap.objects.exists()


def test_the_page_asks_again_until_the_worker_has_drawn(bobs, photo):
    page = bobs.post(url("heat", photo), headers=HTMX).content.decode()
    assert f'hx-get="{url("heat", photo)}?status=pending"' in page
    assert bobs.get(url("heat", photo), {"status": "pending"}, headers=HTMX).status_code == 204
    Heatmap.objects.update(status="failed", error="the photo is a detail shot")
    page = bobs.get(url("heat", photo), {"status": "pending"}, headers=HTMX).content.decode()
    assert "No heat map: <code>the photo is a detail shot</code>" in page
    assert "hx-get" not in page


def test_it_lies_where_the_car_is_and_names_what_it_explains(bobs, photo, drawn):
    page = bobs.get(reverse("moderation:review", args=[photo.listing.code])).content.decode()
    assert (
        f'<image x="10" y="20" width="100" height="80" preserveAspectRatio="none" href="{url("heat_picture", photo)}'
        in page
    )
    assert page.count(f'viewBox="0 0 {photo.width} {photo.height}"') == 3  # the car large, the map over it, all of it
    assert "Warmer parts spoke most for Škoda &lt;Fabia&gt;." in page
    assert "<details >" in page  # only on request
    assert "style=" not in page
    answer = bobs.get(url("heat_picture", photo))
    assert (answer["Content-Type"], b"".join(answer.streaming_content)) == ("image/png", b"a picture")
    assert answer["Cache-Control"].startswith("private")


def test_it_says_why_there_is_nothing_to_explain(bobs, photo):
    Photo.objects.update(outcome="not_usable", kind="interior")
    page = bobs.post(url("heat", photo), headers=HTMX).content.decode()
    assert "Nothing was recognised on this photo: it shows the inside." in page
    page = bobs.post(url("heat", photo), follow=True).content.decode()  # without scripts
    assert "it shows the inside" in page


def test_a_photo_of_another_listing_is_not_found(bobs, photo, waiting):
    other = waiting("Fabia")
    assert bobs.post(reverse("moderation:heat", args=[other.code, photo.pk])).status_code == 404
