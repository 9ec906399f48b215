"""Drift raises its alarm where cars change, and not where they do not."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.moderation.figures.advice import advice
from marketplace.moderation.figures.drift import LEAST, Seen, drift_now, drift_of, psi
from marketplace.moderation.figures.selectors import Gained
from tests.factories import CarModelFactory, ListingFactory, ModelVersionFactory
from tests.moderation.conftest import verdict

NOW = timezone.now()
MAKES = [f"Make {number}" for number in range(40)]
USUAL = [1 / (place + 1) for place in range(40)]  # few frequent makes, many rare ones


def drawn(chance, number, days, *, makes=USUAL, sure=6.0, unknown=0.1):
    """Listings of one kind, spread over these days before now."""
    return [
        Seen(
            NOW - timedelta(days=chance.uniform(*days)), chance.choices(MAKES, makes)[0], chance.betavariate(sure, 2),
            chance.random() < unknown,
        )
        for _ in range(number)
    ]  # fmt: skip


def drift(chance, recent, **changed):
    seen = drawn(chance, 1600, (7.1, 80)) + drawn(chance, recent, (0, 6.9), **changed)
    return drift_of(seen, version="first", until=NOW)


@pytest.mark.parametrize("recent", [60, 200, 1000])
def test_no_alarm_where_nothing_changed(recent):
    chance = random.Random(7)
    false = [alarm for _ in range(100) for alarm in drift(chance, recent).alarms]
    assert len(false) <= 2  # three alarms a week, each once in a thousand: 0.3 are expected


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"makes": USUAL[::-1]}, "Other makes"),
        ({"sure": 2.5}, "sure in another way"),
        ({"unknown": 0.3}, "More unknown cars"),
    ],
)
def test_an_alarm_where_something_did(changed, words):
    chance = random.Random(7)
    found = [drift(chance, 200, **changed).alarms for _ in range(20)]
    assert all(any(words in alarm for alarm in alarms) for alarms in found)
    assert all(len(alarms) == 1 for alarms in found)  # and none of another kind


def test_few_listings_raise_no_alarm_and_say_so():
    told = drift(random.Random(7), LEAST - 1, unknown=1.0)
    assert (told.enough, told.alarms, told.mix) == (False, [], None)
    assert sum(week.listings for week in told.weeks) == 1600 + LEAST - 1


def test_psi_is_nothing_for_the_same_and_grows_with_the_shift():
    same, limit = psi({"a": 500, "b": 500}, {"a": 100, "b": 100})
    assert same == pytest.approx(0, abs=1e-4)
    assert limit == 0.2
    assert psi({"a": 500, "b": 500}, {"a": 180, "b": 20})[0] > limit
    assert psi({"a": 500, "b": 500}, {"a": 10, "b": 2})[1] > 0.2  # of twelve listings chance moves more


def test_drift_is_read_from_listings_and_is_a_reason_to_train_again(bobs):
    ModelVersionFactory(version="first-00000000", champion=True)
    car = CarModelFactory(make__name="Skoda", name="Octavia")
    for number in range(2 * LEAST):
        known = number < LEAST
        said = verdict(("Skoda", "Octavia", 0.95)) if known else verdict(("Volvo", "V70", 0.3))
        listing = ListingFactory(submitted=True, car_model=car, verdict=said)
        if known:
            type(listing).objects.filter(pk=listing.pk).update(created_at=NOW - timedelta(days=20))
    told = drift_now()
    assert (told.before, told.recent, told.unknown_before, told.unknown_recent) == (LEAST, LEAST, 0.0, 1.0)
    assert len(told.alarms) == 3
    page = bobs.get("/moderate/figures/").content.decode()
    assert page.count("<strong>Drift:</strong>") == 3
    said = advice(weeks=[], gained=Gained(None, 30, 60, 10), drift=told)
    assert (said.worth, "More unknown cars" in said.words) == (True, True)
    few = Gained(None, 1, 2, 0)
    assert not advice(weeks=[], gained=few, drift=told).worth  # nothing to learn from
