"""Policies as versions: what each lets live, what is checked of it, and the simulator."""

from datetime import timedelta

import pytest
from django.utils import timezone

from classifier.training.intervals import wilson
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.undo import decision_undo
from marketplace.moderation.models import Audit, Decision, PolicyMake, PolicyVersion
from marketplace.moderation.policy.rules import Case, Rules
from marketplace.moderation.policy.services import review_submitted
from marketplace.moderation.policy.simulate import LEAST_CHECKED, Past, forecast, past_since
from marketplace.moderation.reasons import HOLD_BY_DEFAULT
from marketplace.moderation.services import DecisionRefused, decision_make, queue_next
from tests.factories import UserFactory
from tests.moderation.conftest import decided, verdict

SURE = verdict(("Skoda", "Octavia Combi", 0.97), ("Skoda", "Fabia", 0.02))


def policy(**values):
    return PolicyVersion.objects.create(
        **{"note": "Tried.", "hold_on": list(HOLD_BY_DEFAULT), "audit_share": 0, **values}
    )


def test_the_newest_version_holds_and_each_approval_names_its_own(waiting):
    policy(threshold=0.98)
    listing = waiting("Octavia", said=SURE)
    assert review_submitted() == 0
    newer = policy(threshold=0.96)
    assert review_submitted() == 1
    decision = Decision.objects.get()
    assert (decision.policy, decision.role, decision.listing) == (newer, "policy", listing)


@pytest.mark.parametrize(
    ("values", "approved"),
    [
        ({"active": False}, 0),
        ({"hold_on": [*HOLD_BY_DEFAULT, "new_seller"]}, 0),
        ({"hold_on": [*HOLD_BY_DEFAULT, "new_seller"], "seller_cars": 0}, 1),
        ({}, 1),
    ],
)
def test_an_operator_sets_what_a_person_looks_at(waiting, values, approved):
    policy(**values)
    waiting("Octavia", said=SURE)
    assert review_submitted() == approved


def test_a_make_can_need_more_and_what_was_filled_in_has_a_threshold_of_its_own(waiting, cars):
    first = policy()
    PolicyMake.objects.create(policy=first, make=cars["Octavia"].make, threshold=0.99)
    waiting("Octavia", said=SURE)
    assert review_submitted() == 0
    policy(filled_threshold=0.98)
    assert review_submitted() == 1
    waiting("Octavia", said=SURE, chosen=False)
    assert review_submitted() == 0
    policy(filled_threshold=0.96)
    assert review_submitted() == 1


def test_what_is_drawn_comes_to_people_and_stays_live_meanwhile(waiting, bob, cars):
    policy(audit_share=1)
    listing = waiting("Octavia", said=SURE)
    assert review_submitted() == 1
    assert queue_next(moderator=bob) == listing
    assert review_submitted() == 0  # and its claim is kept
    with pytest.raises(DecisionRefused, match="is live"):
        decision_make(listing=listing, moderator=bob, action="changes", reason="More photos.")
    volvo = cars["V70"]
    decision_make(listing=listing, moderator=bob, action="correct", make=volvo.make, car_model=volvo)
    listing.refresh_from_db()
    assert (listing.status, listing.car_model) == (Listing.Status.LIVE, volvo)
    assert Audit.objects.get().answer.audit
    assert queue_next(moderator=bob) is None
    decision_undo(moderator=bob)
    listing.refresh_from_db()
    assert (listing.status, listing.car_model) == (Listing.Status.LIVE, cars["Octavia"])
    assert queue_next(moderator=bob) == listing
    decision_make(listing=listing, moderator=bob, action="reject", reason="Stolen.")
    listing.refresh_from_db()
    assert listing.status == Listing.Status.TAKEN_DOWN
    assert queue_next(moderator=bob) is None


def test_the_page_of_a_drawn_listing_says_so(bobs, waiting):
    policy(audit_share=1)
    listing = waiting("Octavia", said=SURE)
    review_submitted()
    page = bobs.get(f"/moderate/{listing.code}/").content.decode()
    assert "Drawn at random from what went live by itself" in page
    assert "Take down…" in page
    bobs.post(f"/moderate/{listing.code}/decide/", decided(listing, action="accept"))
    assert Audit.objects.get().answer.action == "accept"


def past(*, number, by_itself, right, confidence=0.97):
    case = Case(
        agrees=True, sure=True, confidence=confidence, make_id=1, named=True, seller_cars=3, reasons=frozenset()
    )  # fmt: skip
    return [Past(case, by_itself, right)] * number


def test_a_forecast_weighs_the_sample_with_all_that_it_stands_for():
    """300 decided by people, 6 of them wrong; 700 went live alone, 100 of them checked, 4 wrong."""
    known = [*past(number=294, by_itself=False, right=True), *past(number=6, by_itself=False, right=False)]
    alone = [
        *past(number=96, by_itself=True, right=True),
        *past(number=4, by_itself=True, right=False),
        *past(number=600, by_itself=True, right=None),
        *past(number=250, by_itself=True, right=None, confidence=0.91),
    ]
    told = forecast(rules=Rules(threshold=0.95), past=[*known, *alone], since=timezone.now())
    assert (told.listings, told.live, told.checked, told.wrong) == (1250, 1000, 400, 10)
    assert told.enough
    assert told.error == pytest.approx(0.3 * 0.02 + 0.7 * 0.04)
    assert told.low == pytest.approx(0.3 * wilson(6, 300)[0] + 0.7 * wilson(4, 100)[0])
    assert told.high == pytest.approx(0.3 * wilson(6, 300)[1] + 0.7 * wilson(4, 100)[1])


def test_a_policy_without_enough_audits_says_so():
    some = past(number=LEAST_CHECKED - 1, by_itself=False, right=True)
    assert not forecast(rules=Rules(), past=some, since=timezone.now()).enough
    unchecked = past(number=500, by_itself=True, right=None)
    told = forecast(rules=Rules(), past=[*some, *some, *unchecked], since=timezone.now())
    assert (told.error, told.enough) == (None, False)
    assert forecast(rules=Rules(active=False), past=some, since=timezone.now()).live == 0


def test_the_past_is_what_people_and_policy_decided_and_did_not_undo(waiting, bob):
    policy(audit_share=1)
    waiting("Octavia", said=SURE)
    review_submitted()
    decision_make(listing=waiting("Octavia", said=SURE), moderator=bob, action="accept")
    decision_make(listing=waiting("Fabia", said=SURE), moderator=bob, action="reject", reason="No.")
    decision_undo(moderator=bob)
    told = past_since()
    assert [(one.by_itself, one.right, one.case.agrees, one.case.sure) for one in told] == [
        (False, True, True, True), (True, None, True, True)
    ]  # fmt: skip
    audit = Audit.objects.get()
    decision_make(listing=audit.listing, moderator=bob, action="accept")
    assert [one.right for one in past_since()] == [True, True]
    assert past_since(timezone.now() + timedelta(days=1)) == []


def test_an_operator_simulates_and_saves_in_the_admin(client, db):
    operator = UserFactory(superuser=True)
    client.force_login(operator)
    form = client.get("/admin/moderation/policyversion/add/").content.decode()
    assert "Simulate" in form
    sent = {
        "active": "on", "threshold": "0.97", "seller_cars": "1", "audit_share": "0.05", "note": "Stricter.",
        "hold_on": ["contradiction", "price"],
        "makes-TOTAL_FORMS": "0", "makes-INITIAL_FORMS": "0", "makes-MIN_NUM_FORMS": "0", "makes-MAX_NUM_FORMS": "1000",
    }  # fmt: skip
    told = client.post("/admin/moderation/policyversion/simulate/", sent).content.decode()
    assert "too few audits say" in told
    assert not PolicyVersion.objects.exists()
    client.post("/admin/moderation/policyversion/add/", sent)
    saved = PolicyVersion.objects.get()
    assert (saved.threshold, saved.hold_on, saved.by) == (0.97, ["contradiction", "price"], operator)
    assert client.get("/admin/moderation/policyversion/").status_code == 200
    assert client.get(f"/admin/moderation/policyversion/{saved.pk}/change/").status_code == 200
    assert client.post(f"/admin/moderation/policyversion/{saved.pk}/change/", sent).status_code == 403
    client.force_login(UserFactory(staff=True))
    assert client.post("/admin/moderation/policyversion/simulate/", sent).status_code == 403


def test_templates_are_edited_in_the_admin(client, bobs, waiting):
    from marketplace.moderation.models import RejectTemplate

    staff = UserFactory(superuser=True)
    client.force_login(staff)
    one = RejectTemplate.objects.get(code="copied")
    text = one.texts.get()
    client.post(
        f"/admin/moderation/rejecttemplate/{one.pk}/change/",
        {
            "position": "5", "active": "on", "texts-TOTAL_FORMS": "1", "texts-INITIAL_FORMS": "1",
            "texts-MIN_NUM_FORMS": "1", "texts-MAX_NUM_FORMS": "1000", "texts-0-id": text.pk,
            "texts-0-template": one.pk, "texts-0-language": "en-gb", "texts-0-text": "These are another site's photos.",
        },
    )  # fmt: skip
    listing = waiting()
    page = client.get(f"/moderate/{listing.code}/").content.decode()
    assert "These are another site&#x27;s photos." in page
    assert page.index("another site") < page.index("The photos do not show the car")  # it has the first key now
