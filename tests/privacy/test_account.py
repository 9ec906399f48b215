"""A person's own data: a copy of all of it, and the end of it."""

import io
import json
import re
import zipfile
from importlib import import_module

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.removal import seller_restore, seller_suspend
from marketplace.moderation.models import Decision, PolicyVersion, Suspension
from marketplace.photos.models import Photo
from marketplace.trade.models import Message, Thread
from tests.factories import PASSWORD, DecisionFactory, ListingFactory, PhotoFactory, ThreadFactory, UserFactory
from tests.pictures import jpeg


@pytest.fixture
def seller(client, alice):
    """alice's browser, in which she has just typed her password once more."""
    sign_in(client, alice)
    return client


def sign_in(client, user):
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


@pytest.fixture
def dora(db):
    return UserFactory(email="dora@example.org")


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


def test_what_somebody_sells_in_begins_their_next_advertisement(seller, alice):
    said = {"country": "GB", "place": "Leeds", "currency": "GBP", "mileage_unit": "mi", "power_unit": "ps"}
    assert seller.post("/account/defaults/", {**said, "country": "??"}).status_code == 422
    assert seller.post("/account/defaults/", said).status_code == 302
    seller.post("/sell/")
    draft = Listing.objects.get(seller=alice)
    assert {name: getattr(draft, name) for name in said} == said


def test_prices_are_shown_in_the_persons_currency_too(seller, alice, charlie):
    car = ListingFactory(seller=charlie, live=True, price=1000, currency="EUR")
    assert "≈" not in seller.get(car.get_absolute_url()).content.decode()
    User.objects.filter(pk=alice.pk).update(currency="CZK")
    for page in ("/", car.get_absolute_url()):
        assert "≈" in seller.get(page).content.decode()
    assert "≈" not in seller.get("/?price_max=2000").content.decode()  # whose sums are in euros


def test_a_photo_of_oneself_is_made_anew_shown_and_removed(
    seller, client, alice, sold, media, django_capture_on_commit_callbacks
):
    def send(data, name="me.jpg"):
        with django_capture_on_commit_callbacks(execute=True):
            return seller.post("/account/photo/", {"photo": SimpleUploadedFile(name, data)})

    upload = jpeg(size=(900, 700))
    assert send(b"no picture").status_code == 422
    assert send(upload).status_code == 302
    alice.refresh_from_db()
    (first,) = (media / "people").iterdir()
    assert first.read_bytes() != upload
    assert max(Image.open(first).size) <= 640
    page = seller.get(f"/sellers/{alice.pk}/").content.decode()
    assert alice.portrait.url in page
    assert client.get(alice.portrait.url).status_code == 200
    send(upload)
    (second,) = (media / "people").iterdir()
    assert second != first
    with django_capture_on_commit_callbacks(execute=True):
        seller.post("/account/photo/", {"remove": "1"})
    assert list((media / "people").iterdir()) == []


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


def test_what_a_moderator_decided_stays_without_a_name(client, bob, charlie, dora):
    decision = DecisionFactory(moderator=bob)
    seller_suspend(seller=charlie, moderator=bob, reason="Copied photos.")
    seller_suspend(seller=dora, moderator=bob, reason="Copied photos.")
    seller_restore(seller=dora, moderator=bob)
    policy = PolicyVersion.objects.create(note="Stricter", by=bob, role="moderator")
    sign_in(client, bob)
    client.post("/account/delete/")
    assert not User.objects.filter(pk=bob.pk).exists()
    assert Decision.objects.get(pk=decision.pk).moderator is None
    assert [(row.by, row.role) for row in Suspension.objects.all()] == [(None, "moderator")] * 2
    assert Suspension.objects.get(seller=dora).lifted_role == "moderator"
    policy.refresh_from_db()
    assert (policy.by, policy.role) == (None, "moderator")


def test_suspensions_from_before_know_what_their_author_was(bob, charlie):
    row = Suspension.objects.create(seller=charlie, by=bob, reason="Copied photos.", lifted_by=bob)
    import_module("marketplace.moderation.migrations.0014_suspensions_keep_no_person").roles(apps, None)
    row.refresh_from_db()
    assert (row.role, row.lifted_role) == ("moderator", "moderator")


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
