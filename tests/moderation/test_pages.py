"""The moderator's pages."""

import pytest
from django.urls import reverse

from marketplace.listings.life.services import listing_take_back
from marketplace.listings.models import Listing
from marketplace.listings.services import listing_submit, listing_update
from marketplace.moderation.models import Decision
from marketplace.moderation.services import listing_claim
from marketplace.moderation.templatetags.moderation_tags import percent
from marketplace.photos.models import Photo
from tests.factories import ListingFactory, PhotoFactory, PredictionFactory, UserFactory
from tests.factories.listings import ANOTHER_CAR
from tests.moderation.conftest import decided, verdict

SAID = verdict(
    ("Skoda", "Octavia Combi", 0.55), ("Skoda", "Octavia", 0.15), ("Volvo", "V70", 0.2), ("Moskvich", "412", 0.1)
)


def url(name, listing=None):
    return reverse(f"moderation:{name}", args=[listing.code] if listing else [])


EVERY_URL = [
    ("get", "next", False),
    ("get", "history", False),
    ("get", "search", False),
    ("get", "review", True),
    ("post", "decide", True),
    ("post", "skip", True),
    ("get", "ahead", False),
    ("post", "hold", True),
    ("post", "release", True),
]


@pytest.mark.parametrize(("method", "name", "one"), EVERY_URL)
def test_it_does_not_exist_for_an_outsider(client, charlie, waiting, method, name, one):
    client.force_login(charlie)
    listing = waiting()
    answer = getattr(client, method)(url(name, listing if one else None), {"action": "accept"})
    assert answer.status_code == 404
    listing.refresh_from_db()
    assert listing.status == Listing.Status.SUBMITTED


@pytest.mark.parametrize(("method", "name", "one"), EVERY_URL)
def test_it_does_not_exist_for_the_seller(client, alice, waiting, method, name, one):
    client.force_login(alice)
    listing = waiting()
    assert getattr(client, method)(url(name, listing if one else None), {"action": "accept"}).status_code == 404


@pytest.mark.parametrize(("method", "name", "one"), EVERY_URL)
def test_it_asks_a_stranger_to_sign_in(client, waiting, method, name, one):
    answer = getattr(client, method)(url(name, waiting() if one else None))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


def test_it_changes_nothing_on_get(bobs, waiting):
    listing = waiting()
    assert bobs.get(url("decide", listing)).status_code == 405
    assert bobs.get(url("skip", listing)).status_code == 405


def test_it_leads_to_the_least_certain_listing(bobs, waiting):
    waiting(said=verdict(("Skoda", "Octavia", 0.8)))
    unsure = waiting(said=verdict(("Skoda", "Octavia", 0.1)))
    answer = bobs.get(url("next"))
    assert answer.url == url("review", unsure)


def test_it_says_when_nothing_waits(bobs):
    assert "Nothing is waiting" in bobs.get(url("next")).content.decode()


def test_it_shows_what_is_needed_to_decide(bobs, waiting):
    listing = waiting("Octavia", said=SAID, contradicts=ANOTHER_CAR)
    photo = Photo.objects.get()
    seen = {"view": "rear-left", "view_confidence": 0.9}
    PredictionFactory(photo=photo, box=[10, 20, 110, 100], candidates=SAID["candidates"], **seen)
    waiting()
    page = bobs.get(url("review", listing)).content.decode()
    assert '<rect class="mod-box" x="10" y="20" width="100" height="80" />' in page
    assert f'viewBox="0 0 {photo.width} {photo.height}"' in page
    assert "The photos look like Volvo V70, not Škoda Octavia." in page
    assert '<strong id="desk-waiting">2</strong> waiting' in page
    assert "style=" not in page
    assert "· rear corner" in page
    # A model with two trained names is one button; a car that the catalogue lacks is none.
    assert page.count('data-key="1"') == page.count('data-key="2"') == 1
    assert 'data-key="3"' not in page
    assert "70 %" in page
    assert "Moskvich 412" in page


def test_it_says_the_names_of_all_look_alikes(bobs, waiting):
    said = verdict(("Skoda", "Octavia", 0.58), alike=("Volvo V70",))
    listing = waiting("Octavia", said=said)
    PredictionFactory(photo=Photo.objects.get(), candidates=said["candidates"])
    page = bobs.get(url("review", listing)).content.decode()
    assert "Skoda Octavia or Volvo V70: photos cannot tell them apart. One of them: 97" in page
    assert 'Skoda Octavia or Volvo V70 <span class="mod-share">97' in page


def test_it_says_which_photos_show_no_car(bobs, waiting):
    listing = waiting()
    assert "Photos without a car" not in bobs.get(url("review", listing)).content.decode()
    PhotoFactory(listing=listing, other=True)
    page = " ".join(bobs.get(url("review", listing)).content.decode().split())
    assert "Photos without a car: 1" in page
    assert "<strong>No car</strong>: not used" in page


def test_a_listing_without_a_car_is_rejected_by_the_sixth_reason(bobs, waiting):
    listing = waiting()
    page = bobs.get(url("review", listing)).content.decode()
    assert 'name="template" value="no_car" data-template-key="6"' in page
    bobs.post(url("decide", listing), decided(listing, action="no_car"))
    decision = Decision.objects.get()
    assert (decision.action, decision.templates, decision.reason) == (
        "reject", ["no_car"], "There is no car on the photos."
    )  # fmt: skip


@pytest.mark.parametrize(("autofilled", "words"), [([], "Estate"), (["body"], "Estate <small")])
def test_it_shows_the_body_and_who_said_it(bobs, waiting, autofilled, words):
    listing = waiting(said={**SAID, "body": {"name": "suv", "confidence": 0.62, "threshold": 0.9}})
    Listing.objects.update(body="wagon", autofilled=autofilled)
    page = bobs.get(url("review", listing)).content.decode()
    assert f"<dt>Body</dt><dd>{words}" in page
    assert "SUV 62 %" in page


def test_it_says_which_photos_are_still_being_looked_at(bobs, waiting):
    page = bobs.get(url("review", waiting(photos="claimed"))).content.decode()
    assert "1 of 1 photos is still being looked at" in page


def test_it_accepts_and_goes_on_to_the_next(bobs, waiting):
    first = waiting(said=verdict(("Skoda", "Octavia", 0.1)))
    second = waiting(said=verdict(("Skoda", "Octavia", 0.2)))
    answer = bobs.post(url("decide", first), decided(first, action="accept"), follow=True)
    assert answer.redirect_chain[-1][0] == url("review", second)
    assert f"{first.code} is live as Škoda Octavia." in answer.content.decode()


def test_it_corrects_with_one_press(bobs, waiting, cars):
    listing = waiting("Octavia")
    bobs.post(url("decide", listing), decided(listing, car=f"{cars['V70'].make_id}:{cars['V70'].pk}"))
    listing.refresh_from_db()
    assert (listing.status, listing.car_model) == (Listing.Status.LIVE, cars["V70"])
    assert Decision.objects.get().action == "correct"


def test_it_takes_a_make_whose_model_cannot_be_told(bobs, waiting, cars):
    listing = waiting("Octavia")
    bobs.post(url("decide", listing), decided(listing, car=f"{cars['V70'].make_id}:"))
    listing.refresh_from_db()
    assert (listing.make, listing.car_model) == (cars["V70"].make, None)


def test_it_rejects_with_a_reason(bobs, waiting):
    listing = waiting()
    bobs.post(url("decide", listing), decided(listing, action="reject", reason="This is not a car for sale."))
    listing.refresh_from_db()
    assert (listing.status, listing.reject_reason) == (Listing.Status.REJECTED, "This is not a car for sale.")


def test_it_asks_the_seller_for_changes_in_the_moderators_words(bobs, bob, waiting, client, alice):
    listing = waiting()
    words = "Show the car from behind, please."
    answer = bobs.post(url("decide", listing), decided(listing, action="changes", reason=words), follow=True)
    assert f"{listing.code} went back to the seller." in answer.content.decode()
    listing.refresh_from_db()
    assert (listing.status, listing.reject_reason) == (Listing.Status.CHANGES, words)
    decision = Decision.objects.get()
    assert (decision.action, decision.moderator, decision.reason) == ("changes", bob, words)
    client.force_login(alice)
    for page in ("/my/", listing.get_absolute_url(), f"/sell/{listing.code}/"):
        assert words in client.get(page).content.decode()
    assert client.post(f"/sell/{listing.code}/submit/", {"description": "Done."}).status_code == 302
    listing.refresh_from_db()
    assert (listing.status, listing.reject_reason) == (Listing.Status.SUBMITTED, "")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"action": "auto"},
        {"action": "reject"},
        {"action": "changes"},
        {"car": "1"},
        {"car": "999999:"},
        {"car": "9" * 30 + ":1"},
        {"car": "x:y"},
    ],
)
def test_it_says_what_is_wrong_and_decides_nothing(bobs, waiting, sent):
    listing = waiting()
    answer = bobs.post(url("decide", listing), decided(listing, **sent), follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == url("review", listing)
    assert "notice--error" in answer.content.decode()
    assert not Decision.objects.exists()


def test_it_tells_the_second_moderator_that_they_are_late(bobs, waiting):
    from marketplace.moderation.services import decision_make

    listing = waiting()
    decision_make(listing=listing, moderator=UserFactory(moderator=True, display_name="Dora"), action="accept")
    answer = bobs.post(url("decide", listing), decided(listing, action="reject", reason="No."), follow=True)
    assert "Too late: Dora approved this listing as Škoda Octavia" in answer.content.decode()
    assert Decision.objects.count() == 1


CHANGED = "The seller changed this listing meanwhile; look again."
UNSAID = "The page did not say what you saw of this listing; look again."


@pytest.mark.parametrize("wish", ["accept", "correct", "reject", "changes"])
def test_it_decides_nothing_that_the_moderator_has_not_seen(bobs, alice, waiting, cars, wish):
    listing = waiting("Octavia")
    seen = decided(listing)
    assert bobs.get(url("review", listing)).content.decode().count(f'name="seen" value="{seen["seen"]}"') == 3
    listing_take_back(listing=listing, by=alice)
    volvo = cars["V70"]
    listing_update(listing=listing, values={"make": volvo.make, "car_model": volvo, "description": "Call me."})
    listing_submit(listing=listing, by=alice)
    sent = {"car": f"{volvo.make_id}:"} if wish == "correct" else {"action": wish, "reason": "No."}
    answer = bobs.post(url("decide", listing), {**seen, **sent}, follow=True)
    assert answer.redirect_chain[-1][0] == url("review", listing)
    page = answer.content.decode()
    assert CHANGED in page
    assert "Call me." in page
    listing.refresh_from_db()
    assert listing.status == Listing.Status.SUBMITTED
    assert not Decision.objects.exists()
    bobs.post(url("decide", listing), decided(listing, **sent))
    assert Decision.objects.count() == 1


@pytest.mark.parametrize("seen", [{}, {"seen": ""}, {"seen": "yesterday"}])
def test_it_decides_nothing_when_the_page_does_not_say_what_was_seen(bobs, waiting, seen):
    listing = waiting()
    answer = bobs.post(url("decide", listing), {"action": "accept", **seen}, follow=True)
    assert UNSAID in answer.content.decode()
    assert not Decision.objects.exists()


def test_it_shows_who_holds_a_listing_and_lets_nobody_else_decide(bobs, charlie, waiting):
    listing = waiting()
    listing_claim(listing=listing, moderator=charlie)
    page = bobs.get(url("review", listing)).content.decode()
    assert "Charlie is looking at this listing right now." in page
    assert "<fieldset disabled>" in page


def test_it_skips_and_comes_back_when_nothing_else_is_left(bobs, waiting):
    first = waiting(said=verdict(("Skoda", "Octavia", 0.1)))
    second = waiting(said=verdict(("Skoda", "Octavia", 0.2)))
    assert bobs.post(url("skip", first), follow=True).redirect_chain[-1][0] == url("review", second)
    assert bobs.post(url("skip", second), follow=True).redirect_chain[-1][0] == url("review", first)


def test_it_hides_drafts(bobs, alice):
    draft = ListingFactory(seller=alice)
    assert bobs.get(url("review", draft)).status_code == 404


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("oct", "Škoda Octavia"),
        ("skoda oct", "Škoda Octavia"),
        ("skoda octavia combi 2012", "Škoda Octavia"),
        ("v70", "Volvo V70"),
        ("VOLVO", "Volvo"),
    ],
)
def test_it_finds_any_car_of_the_catalogue(bobs, cars, text, first):
    page = bobs.get(url("search"), {"q": text}).content.decode()
    names = [" ".join(part.split("<small>")[0].split(">")[-1].split()) for part in page.split("</button>")[:-1]]
    assert names[0] == first


def test_it_says_that_the_catalogue_has_no_such_car(bobs, cars):
    page = bobs.get(url("search"), {"q": "<b>zz"}).content.decode()
    assert "The catalogue has no “&lt;b&gt;zz”." in page


@pytest.mark.parametrize(
    ("share", "words"), [(0.934, "93 %"), (0.001, "< 1 %"), (0.999, "> 99 %"), (1.0, "100 %"), (None, ""), ("", "")]
)
def test_a_share_is_written_as_people_do_and_what_is_no_number_as_nothing(share, words):
    assert percent(share) == words


def test_it_lists_a_decision_on_a_car_of_which_only_the_make_was_seen(bobs, bob, waiting):
    from marketplace.moderation.services import decision_make

    listing = waiting("Octavia", said=SAID)
    listing.verdict = {**SAID, "model": None}
    listing.save()
    decision_make(listing=listing, moderator=bob, action="accept")
    page = " ".join(bobs.get(url("history")).content.decode().split())
    assert "the photos said Skoda 55 %" in page


def test_it_lists_what_was_decided(bobs, bob, waiting):
    from marketplace.moderation.services import decision_make

    listing = waiting("Octavia", said=SAID)
    decision_make(listing=listing, moderator=bob, action="reject", reason="Copied <photos>.")
    page = bobs.get(url("history")).content.decode()
    assert listing.code in page
    assert "Copied &lt;photos&gt;." in page
    assert "Bob" in page
