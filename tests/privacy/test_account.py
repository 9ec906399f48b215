"""A person's own data: a copy of all of it, and the end of it."""

import io
import json
import re
import zipfile

import pytest
from django.core import mail

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.moderation.models import Decision
from marketplace.photos.models import Photo
from marketplace.trade.models import Message, Thread
from tests.factories import PASSWORD, DecisionFactory, ListingFactory, PhotoFactory, ThreadFactory, UserFactory


@pytest.fixture
def seller(client, alice):
    """alice's browser, in which she has just typed her password once more."""
    sign_in(client, alice)
    return client


def sign_in(client, user):
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


@pytest.fixture
def sold(alice):
    listing = ListingFactory(seller=alice, live=True, detailed=True, description="Garaged.")
    PhotoFactory(listing=listing, done=True, with_files=True)
    return listing


def test_the_name_that_others_see_is_changed(seller, alice):
    assert alice.email not in seller.get("/account/").content.decode().split("<main")[1]
    seller.post("/account/", {"display_name": "Alice Motors"})
    alice.refresh_from_db()
    assert alice.display_name == "Alice Motors"


def test_a_copy_has_texts_photos_and_messages_and_nobody_elses(seller, alice, charlie, sold):
    other = ListingFactory(seller=charlie, live=True)
    thread = ThreadFactory(listing=sold, buyer=charlie)
    Message.objects.create(thread=thread, by="buyer", text="Is it still there?")
    answer = seller.post("/account/data/export/")
    bundle = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    document = json.loads(bundle.read("data.json"))
    assert document["account"]["email"] == alice.email
    (car,) = document["listings"]
    assert (car["description"], car["telephone"], car["equipment"]) == ("Garaged.", sold.telephone, sold.equipment)
    assert bundle.read(car["photos"][0]) == Photo.objects.get().file.open("rb").read()
    assert "Is it still there?" in [message["text"] for message in document["messages"]]
    assert other.code not in bundle.read("data.json").decode()
    assert charlie.email not in bundle.read("data.json").decode()


def test_a_copy_is_not_made_all_the_time(seller, settings):
    settings.ACCOUNT_RATE_LIMITS = {"export": "1/h/user"}
    assert seller.post("/account/data/export/").status_code == 200
    assert seller.post("/account/data/export/").status_code == 302


def test_a_deleted_account_leaves_nothing_that_names_it(
    seller, alice, bob, charlie, sold, media, django_capture_on_commit_callbacks
):
    decision = DecisionFactory(listing=sold, moderator=bob)
    thread = ThreadFactory(listing=sold, buyer=charlie)
    with django_capture_on_commit_callbacks(execute=True):
        answer = seller.post("/account/delete/", follow=True)
    assert "Your account is deleted" in answer.content.decode()
    assert not User.objects.filter(pk=alice.pk).exists()
    assert (Listing.objects.count(), Photo.objects.count()) == (0, 0)
    assert [path for path in media.rglob("*") if path.is_file()] == []
    assert Decision.objects.get(pk=decision.pk).listing is None
    assert Thread.objects.get(pk=thread.pk).seller is None
    assert seller.get("/my/").status_code == 302


def test_a_moderators_decisions_stay_without_a_name(seller, alice):
    decision = DecisionFactory(moderator=alice)
    seller.post("/account/delete/")
    assert Decision.objects.get(pk=decision.pk).moderator is None


def test_it_asks_for_the_password_and_keeps_the_only_operator(client, alice):
    client.force_login(alice)  # long ago, as far as the site knows
    assert "/accounts/reauthenticate/" in client.post("/account/delete/")["Location"]
    assert User.objects.filter(pk=alice.pk).exists()
    olga = UserFactory(email="olga@example.org", superuser=True)
    sign_in(client, olga)
    answer = client.post("/account/delete/", follow=True).content.decode()
    assert "only operator" in answer
    assert User.objects.filter(pk=olga.pk).exists()


def test_mails_name_the_site_and_not_the_host(client, db, settings):
    settings.SITE_NAME = "Cars of Brno"
    data = {"email": "dora@example.org", "password1": "a long enough secret", "password2": "a long enough secret"}
    client.post("/accounts/signup/", data)
    (message,) = mail.outbox
    assert "Cars of Brno" in message.body
    assert not re.search(r"\[|testserver", message.subject)
