"""Cars that the catalogue does not have always go to a person."""

import pytest
from django.urls import reverse

from marketplace.listings.models import Listing
from marketplace.moderation.models import Decision
from marketplace.moderation.policy.services import review_submitted
from marketplace.moderation.services import DecisionRefused, decision_make
from marketplace.training.labels.decisions import decision_rows
from tests.moderation.conftest import decided, verdict

SURE = verdict(("Skoda", "Octavia", 0.99))


@pytest.fixture
def written(waiting):
    """`written(other_make=…, other_model=…)`: a listing submitted in the seller's own words."""

    def make(stated=None, **words):
        listing = waiting(stated, said=SURE)
        Listing.objects.filter(pk=listing.pk).update(car_model=None, **words)
        listing.refresh_from_db()
        return listing

    return make


def test_policy_leaves_them_alone_however_sure_the_machine_is(written):
    written("Octavia", other_model="Octavia Scout XXL")
    written(other_make="Roewe", other_model="i5")
    assert review_submitted() == 0


def test_a_moderator_sees_the_words_and_what_is_near_them(bobs, written, cars):
    page = bobs.get(reverse("moderation:review", args=[written(other_model="octavia combi").code])).content.decode()
    assert "“octavia combi” is the seller's own word" in page
    assert f'value="{cars["Octavia"].make_id}:{cars["Octavia"].pk}"' in page
    page = bobs.get(reverse("moderation:review", args=[written(other_make="Roewe", other_model="i5").code]))
    assert "Accept as written: Roewe i5" in page.content.decode()


@pytest.mark.parametrize(
    ("stated", "words", "car"),
    [
        ("Octavia", {"other_model": "Scout XXL"}, "Škoda Scout XXL"),
        (None, {"other_make": "Roewe", "other_model": "i5"}, "Roewe i5"),
    ],
)
def test_accepting_publishes_it_as_written(bobs, written, stated, words, car):
    listing = written(stated, **words)
    address = reverse("moderation:decide", args=[listing.code])
    assert f"is live as {car}." in bobs.post(address, decided(listing, action="accept"), follow=True).content.decode()
    listing.refresh_from_db()
    assert (listing.status, listing.title) == ("live", f"{car} 2012")
    decision = Decision.objects.get()
    assert (decision.action, decision.car_model, decision.car) == ("accept", None, car)
    assert car in bobs.get(reverse("moderation:history")).content.decode()
    assert car in bobs.get("/").content.decode()
    assert decision_rows() == []  # nobody said which trained model it is


def test_choosing_from_the_catalogue_is_a_correction_and_remembers_the_words(written, bob, cars):
    listing = written(other_make="Skodda", other_model="Octavia")
    octavia = cars["Octavia"]
    decision = decision_make(listing=listing, moderator=bob, action="correct", make=octavia.make, car_model=octavia)
    listing.refresh_from_db()
    assert (listing.car_model, listing.unlisted) == (octavia, "")
    assert (decision.action, decision.stated, decision.car) == ("correct", "Skodda Octavia", "Škoda Octavia")


def test_a_bare_make_takes_the_written_model_away(written, bob, cars):
    listing = written("Octavia", other_model="buy now!!!")
    decision = decision_make(listing=listing, moderator=bob, action="correct", make=cars["Octavia"].make)
    listing.refresh_from_db()
    assert (decision.action, listing.title) == ("correct", "Škoda 2012")


def test_a_model_alone_is_not_accepted(written, bob):
    with pytest.raises(DecisionRefused, match="Choose a make"):
        decision_make(listing=written(other_model="i5"), moderator=bob, action="accept")
