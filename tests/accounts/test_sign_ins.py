"""A second factor, the places where somebody is signed in, and a new e-mail address."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client

from marketplace.accounts.browsers import browser_words
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"


def signed_in(user, **headers) -> Client:
    """A browser in which the person signed in."""
    client = Client(headers=headers)
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def sure(client: Client) -> Client:
    """The same browser, once its owner has typed the password again."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.fixture
def confirmed(alice):
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


@pytest.fixture
def protected(confirmed):
    """alice's browser and the secret of her app, once it is set up."""
    client = sure(signed_in(confirmed))
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page  # which the content policy lets through
    secret = re.search(r'value="([A-Z2-7]{32})"', page).group(1)
    answer = client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}, follow=True)
    codes = re.findall(r"\b\d{8}\b", answer.content.decode())
    assert len(codes) == 10
    return client, secret, codes


def test_with_an_app_the_password_alone_lets_nobody_in(protected, confirmed):
    _client, _secret, codes = protected
    thief = signed_in(confirmed)
    assert thief.get("/my/").status_code == 302
    assert "Incorrect code" in thief.post("/accounts/2fa/authenticate/", {"code": "000000"}).content.decode()
    thief.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert thief.get("/my/").status_code == 200
    again = signed_in(confirmed)
    assert "Incorrect code" in again.post("/accounts/2fa/authenticate/", {"code": codes[0]}).content.decode()


def test_it_is_taken_off_again_and_its_owner_is_told(protected, confirmed):
    client, _secret, _codes = protected
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user=confirmed).exists()
    (message,) = mail.outbox
    assert "Deactivated" in message.subject
    assert not re.search(r"\[|testserver", message.subject + message.body)


def test_an_operator_sees_that_there_is_a_factor_and_not_its_secret(protected, admin_client):
    _client, secret, _codes = protected
    pk = Authenticator.objects.get(type="totp").pk
    assert admin_client.get("/admin/mfa/authenticator/").status_code == 200
    assert secret not in admin_client.get(f"/admin/mfa/authenticator/{pk}/change/").content.decode()
    admin_client.post(f"/admin/mfa/authenticator/{pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.filter(pk=pk).exists()


def test_a_lost_telephone_is_signed_out_from_here(alice):
    here, lost = signed_in(alice, user_agent=FIREFOX), signed_in(alice, user_agent=CHROME)
    page = here.get("/accounts/sessions/").content.decode()
    assert "Firefox, Windows" in page
    assert "Chrome, Linux" in page
    there = UserSession.objects.get(user_agent=CHROME)
    here.post(f"/account/sessions/{there.pk}/end/")
    assert lost.get("/my/").status_code == 302
    assert here.get("/my/").status_code == 200


def test_nobody_ends_anothers_session(alice, charlie):
    signed_in(alice)
    outsider = signed_in(charlie)
    pk = UserSession.objects.get(user=alice).pk
    assert outsider.post(f"/account/sessions/{pk}/end/").status_code == 404
    assert UserSession.objects.filter(pk=pk).exists()


def test_ending_ones_own_session_signs_out_here(alice):
    here = signed_in(alice)
    here.post(f"/account/sessions/{UserSession.objects.get(user=alice).pk}/end/")
    assert here.get("/my/").status_code == 302
    assert not UserSession.objects.filter(user=alice).exists()


def test_a_new_address_counts_once_it_is_confirmed(confirmed):
    client = sure(signed_in(confirmed))
    client.post("/accounts/email/", {"action_add": "", "email": "alice@motors.example"})
    confirmed.refresh_from_db()
    assert confirmed.email == "alice@example.org"
    link = re.search(r"https?://[^/]+(/accounts/confirm-email/\S+)", mail.outbox[-1].body).group(1)
    client.post(link)
    confirmed.refresh_from_db()
    assert confirmed.email == "alice@motors.example"


def test_a_browser_found_signed_in_does_not_change_the_address(client, confirmed):
    client.force_login(confirmed)
    assert (
        "/reauthenticate/" in client.post("/accounts/email/", {"action_add": "", "email": "x@evil.example"})["Location"]
    )
    assert EmailAddress.objects.count() == 1


@pytest.mark.parametrize(
    ("user_agent", "words"), [(FIREFOX, "Firefox, Windows"), (CHROME, "Chrome, Linux"), ("curl/8", "Unknown browser")]
)
def test_browsers_have_the_names_that_people_know(user_agent, words):
    assert browser_words(user_agent) == words
