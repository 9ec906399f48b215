"""A change of what identifies a live car: reviewed while buyers see the old state."""

import pytest

from marketplace.listings.life.steps import ListingRefused
from marketplace.listings.models import Listing, SellerMail
from marketplace.listings.services import listing_submit, listing_update
from marketplace.moderation.models import Decision
from marketplace.moderation.policy.services import review_submitted
from marketplace.moderation.selectors import queue
from marketplace.moderation.services import DecisionRefused, decision_make, listing_claim
from marketplace.photos.models import Photo
from marketplace.photos.revisions import revision_discard, revision_start
from marketplace.photos.services import photo_remove
from tests.factories import CarModelFactory, ListingFactory, PhotoFactory, PredictionFactory, verdict_of


@pytest.fixture
def golf(db):
    return CarModelFactory(make__name="Volkswagen", name="Golf")


@pytest.fixture
def polo(db):
    return CarModelFactory(make__name="Volkswagen", name="Polo")


@pytest.fixture
def live(alice, golf):
    listing = ListingFactory(seller=alice, live=True, detailed=True, car_model=golf, price=9000)
    for number in range(2):
        photo = PhotoFactory(listing=listing, done=True, with_files=True, position=number, phash=f"{number:016x}")
        PredictionFactory(photo=photo)
    return listing


def files(media):
    return {path.name for path in media.rglob("*.jpg")}


def changed(live, alice, polo):
    """The seller names another model, drops the first photo and adds one, and hands it in."""
    revision = revision_start(listing=live, by=alice)
    first = Photo.objects.filter(listing=revision).first()
    photo_remove(photo=first)
    PhotoFactory(listing=revision, done=True, with_files=True, position=5, phash="f" * 16)
    listing_update(listing=revision, values={"car_model": polo, "year": 2013})
    return listing_submit(listing=revision, by=alice)


def test_buyers_see_the_old_state_until_it_is_approved_and_then_the_new_one(
    client, alice, bob, live, polo, media, django_capture_on_commit_callbacks
):
    old = list(Photo.objects.filter(listing=live))
    with django_capture_on_commit_callbacks(execute=True):
        revision = changed(live, alice, polo)
    page = client.get(live.get_absolute_url()).content.decode()
    assert "Volkswagen Golf 2012" in page
    assert all(photo.file.name in page for photo in old)
    assert client.get(revision.get_absolute_url()).status_code == 404
    assert [car["code"] for car in client.get("/api/v1/listings/").json()["results"]] == [live.code]
    # Meanwhile the price changes at once; the change does not bring back the old one.
    listing_update(listing=live, values={"price": 8000})

    with django_capture_on_commit_callbacks(execute=True):
        decision = decision_make(listing=revision, moderator=bob, action="accept")
    live.refresh_from_db()
    assert (live.status, live.car_model, live.year, live.price) == ("live", polo, 2013, 8000)
    assert not Listing.objects.filter(pk=revision.pk).exists()
    photos = list(Photo.objects.filter(listing=live))
    assert [photo.pk == old[1].pk for photo in photos] == [True, False]  # an unchanged one keeps its row
    assert [photo.position for photo in photos] == [0, 1]
    assert files(media) == {name.split("/")[-1] for photo in photos for name in (photo.file.name, photo.card.name)}
    assert (decision.listing, decision.listing_code) == (live, live.code)  # labels follow the photos
    assert live.changes.last().step == "revise"
    assert list(SellerMail.objects.values_list("listing", "kind")) == [(live.pk, "revised")]
    assert "Volkswagen Polo 2013" in client.get(live.get_absolute_url()).content.decode()


def test_a_rejected_change_is_gone_and_the_seller_is_told_why(
    alice, bob, live, polo, media, django_capture_on_commit_callbacks
):
    before = files(media)
    with django_capture_on_commit_callbacks(execute=True):
        decision_make(listing=changed(live, alice, polo), moderator=bob, action="reject", reason="Another car.")
    live.refresh_from_db()
    assert (live.status, live.car_model.name, live.photos.count()) == ("live", "Golf", 2)
    assert not Listing.objects.filter(revises=live).exists()
    assert files(media) == before
    assert (live.changes.last().step, live.changes.last().words) == ("keep", "Another car.")
    mail = SellerMail.objects.get()
    assert (mail.listing, mail.kind, mail.words) == (live, "kept", "Another car.")
    # Nothing was said of the listing itself: its photos go on teaching what was said before.
    assert Decision.objects.get().listing is None


def test_a_change_that_is_sent_back_is_mended_and_sent_again(seller, alice, bob, live, polo):
    revision = changed(live, alice, polo)
    decision_make(listing=revision, moderator=bob, action="changes", reason="Show its front.")
    revision.refresh_from_db()
    assert revision.status == "changes"
    assert "Show its front." in seller.get("/my/").content.decode()
    listing_submit(listing=revision, by=alice)
    assert list(queue()) == [revision]


def test_policy_approves_a_change_that_leaves_no_doubt(alice, live, polo, settings):
    settings.MODERATION_AUTO_APPROVE = True
    revision = changed(live, alice, polo)
    Listing.objects.filter(pk=revision.pk).update(
        verdict=verdict_of(("Volkswagen", "Polo", 0.99)), certainty=0.99, contradicts=None
    )
    assert review_submitted() == 1
    live.refresh_from_db()
    assert live.car_model == polo


def test_the_change_of_a_car_that_was_sold_meanwhile_waits(seller, alice, bob, live, polo):
    revision = changed(live, alice, polo)
    assert listing_claim(listing=revision, moderator=bob)
    seller.post(f"/sell/{live.code}/sold/")
    assert list(queue()) == []
    with pytest.raises(DecisionRefused):
        decision_make(listing=revision, moderator=bob, action="accept")
    assert Listing.objects.filter(pk=revision.pk, status="submitted").exists()
    seller.post(f"/sell/{live.code}/unsell/")
    seller.post(f"/sell/{live.code}/not-sold/")
    assert list(queue()) == [revision]


def test_it_is_begun_once_and_dropped_with_one_press(
    seller, client, alice, charlie, live, media, django_capture_on_commit_callbacks
):
    before = files(media)
    assert "Change car or photos" in seller.get(f"/sell/{live.code}/").content.decode()
    first = seller.post(f"/sell/{live.code}/revise/")["Location"]
    assert seller.post(f"/sell/{live.code}/revise/")["Location"] == first
    page = seller.get(first).content.decode()
    assert "Change your Volkswagen Golf 2012" in page
    assert 'id="id_price"' not in page
    mine = seller.get("/my/").content.decode()
    assert mine.count('class="mine__item"') == 1
    assert "Go on with the change" in mine
    code = first.split("/")[-2]
    client.force_login(charlie)
    assert client.post(f"/sell/{live.code}/revise/").status_code == 404
    assert client.post(f"/sell/{code}/revise/discard/").status_code == 404
    client.force_login(alice)
    assert client.post(f"/sell/{live.code}/revise/discard/").status_code == 302  # of the car itself: nothing happens
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/sell/{code}/revise/discard/")
    assert list(Listing.objects.all()) == [live]
    assert files(media) == before


def test_only_an_approved_listing_is_changed_this_way(alice, live):
    draft = ListingFactory(seller=alice, finished=True)
    with pytest.raises(ListingRefused):
        revision_start(listing=draft, by=alice)
    revision = revision_start(listing=live, by=alice)
    with pytest.raises(ListingRefused):
        revision_start(listing=revision, by=alice)
    revision_discard(revision=revision)
    with pytest.raises(ListingRefused):
        revision_discard(revision=revision)


def test_moderators_see_what_it_changes(client, alice, bob, live, polo):
    revision = changed(live, alice, polo)
    client.force_login(bob)
    page = client.get(f"/moderate/{revision.code}/").content.decode()
    assert "What buyers see now: Volkswagen Golf 2012" in page
    assert live.get_absolute_url() in page
