"""Reports of listings and messages reach the moderators before everything else."""

import pytest
from django.test import Client

from marketplace.listings.life.mails import mails_send
from marketplace.moderation.models import Decision
from marketplace.moderation.reports import report_settle
from marketplace.moderation.services import DecisionRefused
from marketplace.trade.limits import REPORTS
from marketplace.trade.messages.services import message_send
from marketplace.trade.models import Message, Report, WritingBan
from marketplace.trade.refusals import TradeRefused
from tests.factories import ListingFactory, UserFactory


@pytest.fixture
def moderator(bob) -> Client:
    """bob's browser, signed in."""
    client = Client()
    client.force_login(bob)
    return client


def test_anybody_may_report_a_car_and_moderators_see_it_first(client, moderator, golf, mailoutbox):
    waiting = ListingFactory(submitted=True)
    assert f"/cars/{golf.code}/report/" in client.get(f"/cars/{golf.code}/").content.decode()
    assert client.post(f"/cars/{golf.code}/report/", {"reason": "insult"}).status_code == 422  # of messages only
    client.post(f"/cars/{golf.code}/report/", {"reason": "fraud", "words": "Same photos elsewhere."})
    report = Report.objects.get()
    assert moderator.get("/moderate/")["Location"] == "/moderate/reports/"
    assert moderator.get("/moderate/reports/")["Location"] == f"/moderate/reports/{report.pk}/"
    page = moderator.get(f"/moderate/reports/{report.pk}/").content.decode()
    assert "Same photos elsewhere." in page
    assert "a visitor" in page
    answer = moderator.post(f"/moderate/reports/{report.pk}/decide/", {"action": "take_down", "words": ""}, follow=True)
    assert "Say why" in answer.content.decode()
    moderator.post(f"/moderate/reports/{report.pk}/decide/", {"action": "take_down", "words": "Stolen photos."})
    golf.refresh_from_db()
    report.refresh_from_db()
    assert (golf.status, golf.reject_reason, report.status) == ("taken_down", "Stolen photos.", "acted")
    assert Decision.objects.get(listing=golf).action == "down"  # policy alone publishes it no more
    assert client.get(f"/cars/{golf.code}/").status_code == 404
    mails_send()
    assert "Stolen photos." in mailoutbox[0].body
    assert moderator.get("/moderate/")["Location"] == f"/moderate/{waiting.code}/"
    assert "Acted upon" in moderator.get("/moderate/reports/all/").content.decode()


def test_one_person_has_one_open_report_and_all_are_settled_together(golf, buyer, outsider, bob):
    for client, reason in ((buyer, "sold"), (buyer, "fraud"), (outsider, "wrong")):
        client.post(f"/cars/{golf.code}/report/", {"reason": reason})
    assert list(Report.objects.values_list("reason", flat=True)) == ["fraud", "wrong"]
    report_settle(report=Report.objects.first(), moderator=bob, action="keep")
    assert set(Report.objects.values_list("status", "moderator")) == {("kept", bob.pk)}
    golf.refresh_from_db()
    assert golf.status == "live"
    with pytest.raises(DecisionRefused, match="meanwhile"):
        report_settle(report=Report.objects.last(), moderator=bob, action="take_down", words="Late.")


def test_a_reported_message_is_read_with_what_was_said_around_it(thread, seller, moderator, alice, dora):
    for text in ("Hello", "Send the money to me first", "Still there?"):
        message = message_send(thread=thread, by=dora, text=text)
    said = Message.objects.get(text__startswith="Send")
    assert f"/messages/{thread.code}/report/{said.pk}/" in seller.get(f"/messages/{thread.code}/").content.decode()
    seller.post(f"/messages/{thread.code}/report/{said.pk}/", {"reason": "fraud"})
    report = Report.objects.get()
    page = moderator.get(f"/moderate/reports/{report.pk}/").content.decode()
    assert "Hello" in page
    assert "Still there?" in page
    moderator.post(f"/moderate/reports/{report.pk}/decide/", {"action": "ban"})
    page = seller.get(f"/messages/{thread.code}/").content.decode()
    assert "Send the money" not in page
    assert "A moderator removed this message." in page
    assert WritingBan.objects.get().person == dora
    with pytest.raises(TradeRefused, match="moderator"):
        message_send(thread=thread, by=dora, text="Hello again")
    with pytest.raises(TradeRefused, match="cannot be reached"):
        message_send(thread=thread, by=alice, text="Hello again")
    assert message.removed_at is None


def test_only_the_other_ones_messages_in_ones_own_threads_are_reported(thread, outsider, buyer, dora):
    message = message_send(thread=thread, by=dora, text="Hello")
    for client in (outsider, buyer):
        path = f"/messages/{thread.code}/report/{message.pk}/"
        assert client.get(path).status_code == 404
        assert client.post(path, {"reason": "spam"}).status_code == 404
    assert not Report.objects.exists()


def test_nobody_decides_about_themselves_and_outsiders_find_nothing(golf, buyer, outsider, alice):
    buyer.post(f"/cars/{golf.code}/report/", {"reason": "fraud"})
    report = Report.objects.get()
    type(alice).objects.filter(pk=alice.pk).update(is_moderator=True)
    alice.refresh_from_db()
    own = Client()
    own.force_login(alice)
    assert "somebody else" in own.get(f"/moderate/reports/{report.pk}/").content.decode()
    assert "Nobody reported" in own.get("/moderate/reports/").content.decode()
    own.post(f"/moderate/reports/{report.pk}/decide/", {"action": "keep"})
    report.refresh_from_db()
    assert report.status == "open"
    for path in ("", f"{report.pk}/"):
        assert outsider.get(f"/moderate/reports/{path}").status_code == 404
    for path in ("decide", "skip"):
        assert outsider.post(f"/moderate/reports/{report.pk}/{path}/", {"action": "keep"}).status_code == 404


def test_a_report_that_is_skipped_lets_the_listings_come(golf, buyer, moderator):
    buyer.post(f"/cars/{golf.code}/report/", {"reason": "fraud"})
    report = Report.objects.get()
    waiting = ListingFactory(submitted=True)
    moderator.post(f"/moderate/reports/{report.pk}/skip/")
    assert moderator.get("/moderate/")["Location"] == f"/moderate/{waiting.code}/"
    assert "1 report" in moderator.get(f"/moderate/{waiting.code}/").content.decode()


def test_an_address_reports_so_many_in_an_hour(client, db):
    most = REPORTS[0].most
    for _ in range(most + 1):
        listing = ListingFactory(live=True, car_model=None, seller=UserFactory())
        answer = client.post(f"/cars/{listing.code}/report/", {"reason": "spam"})
    assert answer.status_code == 422
    assert Report.objects.count() == most
