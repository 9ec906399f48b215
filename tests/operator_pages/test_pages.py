"""Privacy, terms, imprint, help and contact, as the operator writes them."""

from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage

from marketplace.operator_pages.markup import html_of
from marketplace.operator_pages.models import Page, PageText
from marketplace.operator_pages.selectors import text_shown
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
WRITTEN = {"name": "Dora", "email": "dora@example.org", "text": "Where are you?"}


@pytest.mark.parametrize("page", Page.values)
def test_every_page_begins_with_a_text_and_stands_in_the_footer(client, page, settings):
    settings.SITE_NAME = "Cars of Brno"
    answer = client.get(f"/{page}/").content.decode()
    assert text_shown(page=page, language="en-gb").text.split("\n")[-1][:20] in answer or "<h2>" in answer
    assert "{site}" not in answer
    assert f'href="/{page}/"' in client.get("/").content.decode().split("<footer")[1]


def test_the_newest_text_is_shown_and_the_ones_before_stay(client):
    first = PageText.objects.create(page="terms", language="en-gb", text="The *first* terms.")
    PageText.objects.create(page="terms", language="en-gb", text="The second terms.")
    page = client.get("/terms/").content.decode()
    assert "The second terms." in page
    assert f'href="{first.pk}/"' in page
    assert "The <em>first</em> terms." in client.get(f"/terms/{first.pk}/").content.decode()
    assert client.get(f"/privacy/{first.pk}/").status_code == 404
    first.text = "Never said so."
    for change in (first.save, first.delete):
        with pytest.raises(ValidationError):
            change()


def test_who_has_no_text_in_their_language_reads_english_and_is_told(client):
    german = {"headers": {"accept-language": "de"}}
    PageText.objects.create(page="help", language="en-gb", text="Ask us.")
    assert "noch nicht in Ihrer Sprache" in client.get("/help/", **german).content.decode()
    PageText.objects.create(page="help", language="de", text="Frag uns.")
    page = client.get("/help/", **german).content.decode()
    assert "Frag uns." in page
    assert "noch nicht in Ihrer Sprache" not in page
    assert "Ask us." in client.get("/help/").content.decode()


@pytest.mark.parametrize(
    "evil",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", '<p style="x">y</p>',
     "![x](https://elsewhere.example/x.png)", '<a href="/" onclick="x()">y</a>'],
)  # fmt: skip
def test_no_text_brings_anything_that_runs_or_fetches(evil):
    html = html_of(f"# Fine\n\n{evil}")
    assert "<h2>Fine</h2>" in html
    assert not any(word in html for word in ("<script", "onerror", "javascript:", "style=", "<img", "onclick"))


def test_staff_write_a_new_version_that_begins_with_the_old_one(client):
    client.force_login(UserFactory(superuser=True))
    assert "Under" in client.get("/admin/operator_pages/pagetext/add/?page=privacy").content.decode()
    client.post("/admin/operator_pages/pagetext/add/", {"page": "imprint", "language": "en-gb", "text": "Olga, Brno"})
    assert "Olga, Brno" in client.get("/imprint/").content.decode()


def test_a_message_reaches_the_operator_and_an_answer_its_writer(client, settings):
    settings.OPERATOR_EMAIL = "olga@cars.example"
    assert client.post("/contact/", WRITTEN).status_code == 302
    (message,) = mail.outbox
    assert (message.to, message.reply_to) == (["olga@cars.example"], ["dora@example.org"])
    assert "Where are you?" in message.body
    assert "testserver" not in message.subject


@pytest.mark.parametrize(
    "typed", [{"email": "dora@example.org\nBcc: all@example.org"}, {"email": "no address"}, {"text": " "}]
)
def test_what_is_no_message_is_not_sent(client, typed):
    assert client.post("/contact/", WRITTEN | typed).status_code == 422
    assert mail.outbox == []


def test_a_name_of_several_lines_becomes_one(client):
    client.post("/contact/", WRITTEN | {"name": "Dora\nBcc: all@example.org"})
    (message,) = mail.outbox
    assert message.subject == "Contact form: Dora Bcc: all@example.org"
    assert message.recipients() == ["operator@localhost"]


def test_nobody_floods_the_operator_and_no_word_is_lost(client):
    for _ in range(5):
        assert client.post("/contact/", WRITTEN).status_code == 302
    answer = client.post("/contact/", WRITTEN)
    assert (answer.status_code, len(mail.outbox)) == (429, 5)
    assert "Where are you?" in answer.content.decode()


def test_without_a_mail_server_the_message_stays_on_the_page(client, monkeypatch):
    def away(self):
        raise SMTPException("no server")

    monkeypatch.setattr(EmailMessage, "send", away)
    answer = client.post("/contact/", WRITTEN)
    assert answer.status_code == 503
    assert "Where are you?" in answer.content.decode()


def test_without_an_operators_address_there_is_no_form(client, settings):
    settings.OPERATOR_EMAIL = ""
    assert '<form class="panel' not in client.get("/contact/").content.decode()
    client.post("/contact/", WRITTEN)
    assert mail.outbox == []
