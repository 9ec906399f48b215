"""While Redis or the mail server is away, limits hold, nobody is stuck, and a page says why."""

import errno

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

from marketplace.accounts.models import User
from tests.factories import PASSWORD
from tests.operations.site import free_port
from tests.pictures import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis_away(settings):
    """A cache on a port where nothing listens."""
    address = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": address}}


@pytest.mark.usefixtures("redis_away")
def test_signing_in_says_to_come_back_in_a_minute(client):
    answer = client.post("/accounts/login/", {"login": "nobody@example.org", "password": "wrong"})
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert b"try again in a minute" in answer.content


@pytest.mark.usefixtures("redis_away")
def test_a_program_gets_a_code_it_can_act_on(client):
    photo = SimpleUploadedFile("car.jpg", jpeg(), content_type="image/jpeg")
    answer = client.post("/api/v1/recognise", {"photo": photo})
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"


@pytest.mark.usefixtures("redis_away")
def test_browsing_goes_on(client):
    assert client.get("/").status_code == 200


NEW = {"email": "dora@example.org", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def mail_away(settings):
    """A mail server on a port where nothing listens. Returns a function that brings it back."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()

    def back():
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    return back


def test_a_new_account_that_needs_no_confirmed_address_goes_on_without_mail(client, settings, mail_away):
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    answer = client.post("/accounts/signup/", NEW, follow=True)
    assert answer.redirect_chain
    page = answer.content.decode()
    assert "No e-mail can be sent right now" in page
    assert "Confirmation email sent" not in page
    assert client.get("/my/").status_code == 200
    mail_away()
    client.post("/accounts/email/", {"action_send": "", "email": NEW["email"]})
    assert [message.to for message in mail.outbox] == [[NEW["email"]]]


def test_a_new_account_that_could_not_be_confirmed_is_not_kept_and_can_be_made_again(client, settings, mail_away):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    answer = client.post("/accounts/signup/", NEW)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "none can be sent right now. Please see that your address is right, or try again" in answer.content.decode()
    assert not User.objects.exists()
    mail_away()
    assert client.post("/accounts/signup/", NEW).status_code == 302
    assert [message.to for message in mail.outbox] == [[NEW["email"]]]
    assert "confirm-email" in mail.outbox[0].body


def test_signing_in_without_mail_takes_no_account_away(client, settings, mail_away, alice):
    """Only an account that was created in the same request is deleted."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    words = {"login": alice.email, "password": PASSWORD}
    assert client.post("/accounts/login/", words).status_code == 503
    assert User.objects.get() == alice


@pytest.mark.usefixtures("mail_away")
def test_a_forgotten_password_says_that_no_mail_can_be_sent(client, alice):
    for email in (alice.email, "nobody@example.org"):
        answer = client.post("/accounts/password/reset/", {"email": email})
        assert answer.status_code == 503
        assert b"No mail just now" in answer.content


def photo():
    return SimpleUploadedFile("car.jpg", jpeg(), content_type="image/jpeg")


def test_a_full_disk_is_not_the_visitors_fault(client, settings, alice):
    settings.DISK_RESERVE_MB = 10**9
    client.force_login(alice)
    code = client.post("/sell/").url.strip("/").split("/")[-1]
    as_json = {"Accept": "application/json"}
    answers = [
        client.post("/identify/", {"photo": photo()}),
        client.post("/identify/", {"photo": photo()}, headers=as_json),
        client.post(f"/sell/{code}/photos/", {"photo": photo()}, headers=as_json),
        client.post("/api/v1/recognise", {"photo": photo()}),
    ]
    assert [answer.status_code for answer in answers] == [503] * 4
    assert [answer["Retry-After"] for answer in answers] == ["60"] * 4
    for answer in answers:
        assert "a fault on our side. Try again in some minutes." in answer.content.decode()


def test_a_disk_that_fills_up_anywhere_else_is_a_503(client, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("marketplace.photos.views.identify.identify_allowed", full)
    answer = client.post("/identify/", {"photo": photo()})
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "Please try again in 30 seconds" in answer.content.decode()
