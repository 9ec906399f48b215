"""Many listings whose photos say the same car, accepted in one press and undone in one."""

import pytest
from django.urls import reverse

from marketplace.listings.life.services import listing_sell
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.undo import last_undo
from marketplace.moderation.grid.selectors import groups, tiles
from marketplace.moderation.grid.services import Pick, grid_accept
from marketplace.moderation.models import Decision
from marketplace.moderation.services import decision_make, listing_claim
from tests.factories import CarModelFactory, ClaimFactory, UserFactory
from tests.factories.listings import ANOTHER_CAR
from tests.moderation.conftest import verdict

SURE = verdict(("Skoda", "Octavia", 0.97))


def pick(listing):
    return Pick(listing.code, listing.submitted_at)


def test_a_group_is_what_waits_and_its_photos_say_surely(waiting, bob, cars, alice):
    car = cars["Octavia"]
    first = waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.99)))
    second = waiting("Fabia", said=SURE, contradicts=ANOTHER_CAR)
    waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.85)))
    waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.97), alike=("Seat Toledo",)))
    waiting("Octavia", said=SURE, photos="failed")
    waiting("V70", said=verdict(("Volvo", "V70", 0.95)))
    ClaimFactory(listing=waiting("Octavia", said=SURE))
    assert [(str(one.car), one.count) for one in groups(moderator=bob, percent=90)] == [
        ("Škoda Octavia", 2), ("Volvo V70", 1),
    ]  # fmt: skip
    shown, total = tiles(moderator=bob, make=car.make, car_model=car, percent=90)
    assert ([one.listing for one in shown], total) == ([first, second], 2)
    assert [(one.says, one.doubtful) for one in shown] == [("", False), ("Škoda Fabia", True)]
    assert tiles(moderator=alice, make=car.make, car_model=car, percent=90) == ([], 0)  # her own
    assert tiles(moderator=bob, make=car.make, car_model=car, percent=90, skip=[first.code])[1] == 1


def test_a_model_whose_name_is_a_number_has_its_group(waiting, bob):
    car = CarModelFactory(make__name="Peugeot", name="206")
    waiting("Octavia", said=verdict(("Peugeot", "206", 0.95)))
    assert tiles(moderator=bob, make=car.make, car_model=car, percent=90)[1] == 1


def test_each_is_a_decision_and_what_others_decided_or_hold_is_told(waiting, bob, cars):
    car, carol = cars["Octavia"], UserFactory(moderator=True)
    same, other, theirs, held, changed = (
        waiting(stated, said=SURE) for stated in ["Octavia", "Fabia", *["Octavia"] * 3]
    )
    picks = [pick(one) for one in (same, other, theirs, held, changed)]
    decision_make(listing=theirs, moderator=carol, action="accept")
    assert listing_claim(listing=held, moderator=carol)
    Listing.objects.filter(pk=changed.pk).update(submitted_at=changed.published_at or changed.created_at)
    done = grid_accept(moderator=bob, picks=picks, make=car.make, car_model=car, seconds=8)
    assert [(one.listing_code, one.action, one.seconds) for one in done.decisions] == [
        (same.code, "accept", 1.6), (other.code, "correct", 1.6),
    ]  # fmt: skip
    assert len({one.batch for one in done.decisions}) == 1
    assert [code for code, _ in done.refused] == [theirs.code, held.code, changed.code]
    assert "Too late" in done.refused[0][1]
    assert "looking at this listing right now" in done.refused[1][1]
    assert Decision.objects.get(listing=theirs).moderator == carol
    other.refresh_from_db()
    assert (other.status, other.car_model) == (Listing.Status.LIVE, car)


def test_one_press_takes_all_back_but_what_went_on(waiting, bob, cars, alice):
    car = cars["Octavia"]
    listings = [waiting("Fabia", said=SURE) for _ in range(3)]
    grid_accept(moderator=bob, picks=[pick(one) for one in listings], make=car.make, car_model=car)
    sold = listings[0]
    sold.refresh_from_db()
    listing_sell(listing=sold, by=alice)
    undone = last_undo(moderator=bob)
    assert {one.listing_code for one in undone.decisions} == {one.code for one in listings[1:]}
    assert [code for code, _ in undone.stayed] == [sold.code]
    for one in listings[1:]:
        one.refresh_from_db()
        assert (one.status, one.car_model) == (Listing.Status.SUBMITTED, cars["Fabia"])


def test_the_page_takes_out_accepts_the_rest_and_undoes(bobs, waiting, cars, charlie, client, bob):
    car = cars["Octavia"]
    good, wrong = (waiting("Octavia", said=SURE) for _ in range(2))
    value = f"{car.make_id}:{car.pk}"
    page = bobs.get(reverse("moderation:grid"), {"car": value}).content.decode()
    assert page.count("checked") == 2
    seen = {one.code: f"{one.code} {one.submitted_at.isoformat()}" for one in (good, wrong)}
    assert all(f'value="{one}"' in page.replace("&#x27;", "'") for one in seen.values())
    sent = {"car": value, "at": "90", "shown": list(seen.values()), "take": seen[good.code], "seconds": "3"}
    after = bobs.post(reverse("moderation:grid_accept"), sent, follow=True).content.decode()
    assert "1 listing is live as Škoda Octavia." in after
    assert "1 that you took out waits on the desk." in after
    assert "No listing waits whose photos say Škoda Octavia" in after
    assert Decision.objects.get().listing == good
    back = bobs.post(reverse("moderation:undo"), follow=True).content.decode()
    assert f"{good.code}: undone." in back
    assert page.count("grid-tile") > 0
    assert bobs.post(reverse("moderation:grid_accept"), {"car": value}).status_code == 302
    client.force_login(charlie)
    assert client.get(reverse("moderation:grid")).status_code == 404
    assert client.post(reverse("moderation:grid_accept")).status_code == 404


@pytest.mark.parametrize("sent", [{"car": "x"}, {"car": "1:2"}, {"at": "17"}, {"car": "99999:1", "at": "90"}])
def test_nonsense_in_the_address_shows_what_can_be_chosen(bobs, waiting, sent):
    waiting("Octavia", said=SURE)
    page = bobs.get(reverse("moderation:grid"), sent)
    assert page.status_code == 200
    assert "Škoda Octavia" in page.content.decode()
