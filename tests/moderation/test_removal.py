"""Taking down what is live, one listing or all of a seller, and how it comes back."""

import pytest
from django.urls import reverse

from marketplace.listings.life.services import listing_appeal, listing_reserve, listing_withdraw
from marketplace.listings.life.steps import ListingRefused
from marketplace.listings.models import Listing, SellerMail
from marketplace.listings.selectors import listings_live
from marketplace.listings.services import listing_submit
from marketplace.moderation.decisions.removal import put_back, seller_restore, seller_suspend, take_down
from marketplace.moderation.decisions.undo import decision_undo
from marketplace.moderation.models import Decision, Suspension
from marketplace.moderation.services import DecisionLate, DecisionRefused, decision_make, queue_next
from tests.factories import ListingFactory, PhotoFactory, UserFactory


def url(name, listing):
    return reverse(f"moderation:{name}", args=[listing.code])


@pytest.mark.parametrize("before", ["live", "reserved", "withdrawn", "expired"])
def test_it_leaves_the_site_with_a_reason_and_comes_back_as_it_was(alice, bob, before):
    listing = ListingFactory(seller=alice, **{before: True})
    decision = take_down(listing=listing, moderator=bob, templates=["copied"], words="Seen elsewhere.")
    listing.refresh_from_db()
    assert listing.status == Listing.Status.TAKEN_DOWN
    assert listing.reject_reason.splitlines() == [
        "Photos are copied from elsewhere or carry advertising.", "Seen elsewhere."
    ]  # fmt: skip
    assert (decision.action, decision.templates) == ("down", ["copied"])
    assert SellerMail.objects.get().kind == "removed"
    assert not listings_live().exists()
    put_back(listing=listing, moderator=UserFactory(moderator=True))
    listing.refresh_from_db()
    assert (listing.status, listing.reject_reason) == (before, "")


def test_a_press_of_undo_brings_it_back(alice, bob):
    listing = ListingFactory(seller=alice, live=True)
    take_down(listing=listing, moderator=bob, words="Mistake.")
    decision_undo(moderator=bob)
    listing.refresh_from_db()
    assert listing.status == Listing.Status.LIVE


def test_the_seller_appeals_once_and_somebody_else_looks(seller, alice, bob):
    listing = ListingFactory(seller=alice, live=True)
    PhotoFactory(listing=listing, done=True)
    take_down(listing=listing, moderator=bob, words="This is not your car.")
    page = seller.get("/my/").content.decode()
    assert "This is not your car." in page
    assert "Send the appeal" in page
    seller.post(f"/sell/{listing.code}/appeal/", {"words": "It is: the papers are in my name."})
    listing.refresh_from_db()
    assert listing.status == Listing.Status.SUBMITTED
    assert queue_next(moderator=bob) is None  # the one who took it down
    dora = UserFactory(moderator=True)
    ListingFactory(submitted=True, certainty=None)
    assert queue_next(moderator=dora) == listing  # before all others
    decision_make(listing=listing, moderator=dora, action="reject", reason="They are not.")
    listing.refresh_from_db()
    assert listing.status == Listing.Status.TAKEN_DOWN
    with pytest.raises(ListingRefused, match="once"):
        listing_appeal(listing=listing, by=alice, words="But!")
    assert "Send the appeal" not in seller.get("/my/").content.decode()


def test_a_suspended_sellers_cars_are_gone_at_once_and_none_can_come(client, alice, bob):
    shown, hidden, sold = (ListingFactory(seller=alice, **{state: True}) for state in ("live", "withdrawn", "sold"))
    draft = ListingFactory(seller=alice, finished=True)
    PhotoFactory(listing=draft, done=True)
    assert seller_suspend(seller=alice, moderator=bob, reason="Sells stolen cars.") == 2
    assert client.get(shown.get_absolute_url()).status_code == 404
    assert not listings_live().exists()
    alice.refresh_from_db()
    for step in (listing_submit,):
        with pytest.raises(ListingRefused, match="suspended"):
            step(listing=draft, by=alice)
    assert [mail.kind for mail in SellerMail.objects.all()] == ["suspend"]
    with pytest.raises(DecisionLate, match="suspended already"):
        seller_suspend(seller=alice, moderator=bob, reason="Again.")
    shown.refresh_from_db()
    with pytest.raises(DecisionLate):  # not one by one
        put_back(listing=shown, moderator=bob)
    assert seller_restore(seller=alice, moderator=bob) == 2
    states = {one.pk: one.status for one in Listing.objects.all()}
    assert (states[shown.pk], states[hidden.pk], states[sold.pk]) == ("live", "withdrawn", "sold")
    assert Suspension.objects.get().lifted_by == bob


def test_moderators_are_not_suspended_by_each_other(bob):
    with pytest.raises(DecisionRefused, match="administrator"):
        seller_suspend(seller=UserFactory(moderator=True), moderator=bob, reason="Quarrel.")


def test_what_is_on_sale_no_more_cannot_be_taken_down(alice, bob):
    listing = ListingFactory(seller=alice, live=True)
    for step in (listing_reserve, listing_withdraw):
        step(listing=listing, by=alice)
    Listing.objects.update(status=Listing.Status.SOLD)
    with pytest.raises(DecisionLate, match="is sold by now"):
        take_down(listing=listing, moderator=bob, words="No.")
    with pytest.raises(DecisionRefused, match="Say why"):
        take_down(listing=ListingFactory(seller=alice, live=True), moderator=bob, words=" ")
    assert not Decision.objects.exists()


@pytest.mark.parametrize("name", ["take_down", "put_back", "suspend", "end_suspension", "hold", "release"])
def test_an_outsider_can_do_none_of_it(client, alice, charlie, name):
    client.force_login(charlie)
    listing = ListingFactory(seller=alice, live=True)
    assert client.post(url(name, listing), {"reason": "No."}).status_code == 404
    listing.refresh_from_db()
    alice.refresh_from_db()
    assert (listing.status, alice.suspended_at) == ("live", None)


def test_a_moderator_does_all_of_it_on_the_listings_page(bobs, alice):
    listing = ListingFactory(seller=alice, live=True)
    page = bobs.get(url("review", listing)).content.decode()
    assert url("take_down", listing) in page
    said = bobs.post(url("take_down", listing), {"template": ["copied", "wrong_car"]}, follow=True).content.decode()
    assert "is off the site; its seller was told why." in said
    assert url("put_back", listing) in said
    bobs.post(url("put_back", listing))
    assert "left the site" in bobs.post(url("suspend", listing), {"reason": "Fraud."}, follow=True).content.decode()
    page = bobs.get(url("review", listing)).content.decode()
    assert url("end_suspension", listing) in page
    bobs.post(url("end_suspension", listing))
    listing.refresh_from_db()
    assert listing.status == Listing.Status.LIVE
