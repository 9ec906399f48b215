"""Second opinions and gold items: blind, changing nothing, and what they say of agreement."""

import pytest
from django.urls import reverse

from marketplace.listings.models import Listing
from marketplace.moderation.decisions.records import DecisionLate, DecisionRefused
from marketplace.moderation.decisions.undo import decision_undo
from marketplace.moderation.models import Decision, Opinion
from marketplace.moderation.opinions.agreement import LEAST, agreements, alpha_bounds, alpha_of
from marketplace.moderation.opinions.selectors import opinion_held, settled
from marketplace.moderation.opinions.services import Answer, opinion_answer, opinion_hold, opinion_withdraw
from marketplace.moderation.services import decision_make, queue_next
from tests.factories import UserFactory
from tests.moderation.conftest import verdict

SAID = verdict(("Skoda", "Octavia", 0.5), ("Skoda", "Fabia", 0.3))


@pytest.fixture
def carol(db):
    return UserFactory(email="carol@example.org", moderator=True)


@pytest.fixture
def always(settings):
    settings.MODERATION_SECOND_PERCENT = 100


@pytest.fixture
def asked(always, waiting, bob, carol, cars):
    """bob corrected an Octavia to a Fabia; carol is asked."""
    listing = waiting("Octavia", said=SAID)
    fabia = cars["Fabia"]
    decision_make(listing=listing, moderator=bob, action="correct", make=fabia.make, car_model=fabia)
    assert queue_next(moderator=bob) is None  # not asked about his own
    assert queue_next(moderator=carol) == listing
    return listing


def page_of(client, who, listing):
    client.force_login(who)
    return client.get(reverse("moderation:review", args=[listing.code])).content.decode()


def answer_of(listing, who, action, car=None):
    held = opinion_held(listing=listing, moderator=who)
    return opinion_answer(opinion=held, moderator=who, answer=Answer(action, car and car.make, car))


def test_the_second_moderator_sees_it_as_the_first_one_did(asked, client, carol, bob, charlie):
    page = page_of(client, carol, asked)
    assert '<h1 tabindex="-1">Škoda Octavia' in page
    assert "Accept: Škoda Octavia" in page
    for word in ("Bob", "Fabia</h1>", "approved this", "corrected", "put it back"):
        assert word not in page
    asked.refresh_from_db()
    assert (asked.status, str(asked.car_model)) == (Listing.Status.LIVE, "Fabia")
    assert "Accept: " not in page_of(client, bob, asked)
    client.force_login(charlie)
    assert client.get(reverse("moderation:review", args=[asked.code])).status_code == 404


def test_the_desk_tells_the_same_as_of_a_decision_and_changes_nothing(asked, client, carol):
    client.force_login(carol)
    sent = {"seen": asked.submitted_at.isoformat(), "action": "accept", "seconds": "2"}
    told = client.post(reverse("moderation:decide", args=[asked.code]), sent, headers={"X-Desk": "1"}).json()
    assert told["words"] == f"{asked.code} is live as Škoda Octavia."
    opinion = Opinion.objects.get()
    assert (opinion.moderator, opinion.action, opinion.agrees, opinion.seconds) == (carol, "accept", False, 2)
    assert Decision.objects.count() == 1
    asked.refresh_from_db()
    assert (asked.status, str(asked.car_model)) == (Listing.Status.LIVE, "Fabia")
    back = client.post(reverse("moderation:undo"), headers={"X-Desk": "1"}).json()
    assert back["code"] == asked.code
    opinion.refresh_from_db()
    assert (opinion.action, opinion.agrees) == ("", None)
    assert opinion_held(listing=asked, moderator=carol) == opinion


def test_a_disagreement_goes_to_a_third_moderator_and_to_nobody_else(asked, bob, carol, cars):
    answer_of(asked, carol, "accept")
    assert queue_next(moderator=bob) is None
    assert queue_next(moderator=carol) is None
    dora = UserFactory(moderator=True)
    assert queue_next(moderator=dora) == asked
    with pytest.raises(DecisionRefused, match="a third moderator decides"):
        decision_make(listing=asked, moderator=carol, action="accept")
    octavia = cars["Octavia"]
    third = decision_make(listing=asked, moderator=dora, action="correct", make=octavia.make, car_model=octavia)
    assert third.reasons[0]["code"] == "disputed"
    assert Opinion.objects.get(agrees=False).settled_by == third
    asked.refresh_from_db()
    assert (asked.status, asked.car_model) == (Listing.Status.LIVE, octavia)
    assert list(settled()) == [third]
    decision_undo(moderator=dora, decision=third)
    assert Opinion.objects.get(agrees=False).settled_by is None


def test_only_one_answers_and_a_late_one_is_told(asked, carol):
    opinion = Opinion.objects.get()
    assert not opinion_hold(opinion=opinion, moderator=UserFactory(moderator=True))
    answer_of(asked, carol, "accept")
    with pytest.raises(DecisionLate):
        opinion_answer(opinion=opinion, moderator=carol, answer=Answer("accept", None, None))
    Opinion.objects.update(agrees=True)
    with pytest.raises(DecisionLate):
        opinion_withdraw(opinion=opinion, moderator=UserFactory(moderator=True))


def test_no_opinion_is_asked_after_an_undo_nor_without_chance(asked, bob, carol, waiting, settings):
    decision_undo(moderator=bob)
    assert opinion_held(listing=asked, moderator=carol) is None
    settings.MODERATION_SECOND_PERCENT = 0
    decision_make(listing=waiting("Octavia", said=SAID), moderator=bob, action="accept")
    assert Opinion.objects.count() == 1


def test_a_gold_item_looks_like_any_other_and_is_asked_once(asked, client, carol, bob, cars, settings):
    answer_of(asked, carol, "correct", cars["Fabia"])
    assert Opinion.objects.get().agrees
    settings.MODERATION_GOLD_PERCENT = 100
    assert queue_next(moderator=bob) is None  # who settled it knows it
    dora = UserFactory(moderator=True)
    assert queue_next(moderator=dora) == asked
    assert "Accept: Škoda Octavia" in page_of(client, dora, asked)
    answer_of(asked, dora, "correct", cars["Fabia"])
    gold = Opinion.objects.get(kind="gold")
    assert (gold.moderator, gold.agrees) == (dora, True)
    assert queue_next(moderator=dora) is None
    assert Decision.objects.count() == 1


def test_alpha_is_that_of_the_textbook_and_unknown_where_all_is_the_same():
    # Krippendorff (2011), "Computing Krippendorff's alpha-reliability", A: binary, two observers.
    first, second = "0100000000", "1110001010"
    assert alpha_of(list(zip(first, second, strict=True))) == pytest.approx(0.095, abs=0.001)
    assert alpha_of([("a", "a")] * 30) is None
    same = [("a", "a"), ("b", "b")] * 20
    assert alpha_of(same) == 1
    low, high = alpha_bounds(same + [("a", "b")] * 5)
    assert low < alpha_of(same + [("a", "b")] * 5) < high


def test_nothing_is_said_of_few_and_the_page_shows_the_rest(always, waiting, bob, carol, cars, bobs):
    def given(number, action, car=None):
        for _ in range(number):
            listing = waiting("Octavia", said=SAID)
            decision_make(listing=listing, moderator=bob, action="accept")
            opinion = Opinion.objects.get(listing=listing)
            assert opinion_hold(opinion=opinion, moderator=carol)
            opinion_answer(opinion=opinion, moderator=carol, answer=Answer(action, car and car.make, car))

    given(3, "accept")
    told = agreements()
    assert (told.overall.n, told.overall.enough, told.overall.low, told.overall.alpha) == (3, False, None, None)
    assert "too few" in bobs.get("/moderate/figures/").content.decode()
    given(LEAST - 4, "accept")
    given(5, "correct", cars["Fabia"])
    told = agreements()
    assert (told.overall.n, told.overall.agreed, told.open) == (LEAST + 4, LEAST - 1, 5)
    assert told.overall.low < told.overall.share < told.overall.high
    assert {one.name for one in told.people} == {"Bob", "Carol"}
    assert {one.name: one.n for one in told.cars} == {"Škoda Octavia": LEAST + 4, "Škoda Fabia": 5}
    page = bobs.get("/moderate/figures/").content.decode()
    assert "5 disagreements wait for a third moderator." in page
