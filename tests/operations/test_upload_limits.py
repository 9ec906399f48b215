"""A request that is too large is refused before any of it is read."""

import io

import pytest
from django.conf import settings as site
from django.test import Client

from marketplace.listings.services import listing_create
from marketplace.upload_limits import ASKED_BY_FORM, ENVELOPE_BYTES, FORM_BYTES

pytestmark = pytest.mark.django_db
PHOTO = site.PHOTO_MAX_BYTES + ENVELOPE_BYTES
THREE_PHOTOS = ASKED_BY_FORM * site.PHOTO_MAX_BYTES + ENVELOPE_BYTES
JSON = {"Accept": "application/json"}


class Unread(io.BytesIO):
    """A body that records whether it was read."""

    touched = False

    def read(self, *_):
        self.touched = True
        return b""


def send(address, length, *, client=None, **headers):
    """Send a request that declares a body of this length.

    Returns the response, and whether the body was read.
    """
    body = Unread()
    answer = (client or Client(enforce_csrf_checks=True)).generic(
        "POST",
        address,
        content_type="multipart/form-data; boundary=x",
        headers=headers,
        **{"CONTENT_LENGTH": str(length), "wsgi.input": body},
    )
    return answer, body.touched


@pytest.mark.parametrize(
    ("address", "limit"),
    [
        ("/identify/", THREE_PHOTOS),  # a form without script sends several
        ("/sell/x/photos/", PHOTO),  # without signing in, the limit is that of one photo
        ("/api/v1/recognise", PHOTO),
        ("/accounts/login/", FORM_BYTES),
        ("/admin/login/", FORM_BYTES),
        ("/sell/x/save/", FORM_BYTES),
    ],
)
def test_a_body_over_the_limit_is_not_read(address, limit):
    answer, was_read = send(address, limit + 1)
    assert (answer.status_code, was_read) == (413, False)
    assert f"the limit is {limit // 2**20} MB." in answer.content.decode()
    assert send(address, limit)[0].status_code != 413


def test_the_form_without_script_may_bring_all_photos_of_a_listing_at_once(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    address = f"/sell/{listing_create(seller=alice).code}/photos/"
    all_of_them = site.PHOTO_MAX_BYTES * site.PHOTOS_PER_LISTING + ENVELOPE_BYTES
    assert send(address, all_of_them, client=client)[0].status_code == 403  # no CSRF token, but not too large
    assert send(address, all_of_them + 1, client=client)[0].status_code == 413
    assert send(address, PHOTO + 1, client=client, **JSON)[0].status_code == 413


def test_the_uploading_script_and_programs_get_json():
    assert "too large" in send("/identify/", PHOTO + 1, **JSON)[0].json()["message"]
    assert send("/api/v1/recognise", PHOTO + 1)[0].json()["code"] == "too_large"
