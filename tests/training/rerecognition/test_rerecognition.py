"""A new version looks again at listings that wait or are in doubt, and new photos go first."""

import io
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from marketplace.listings.models import Listing
from marketplace.listings.services import listing_update
from marketplace.moderation.services import claim_release, listing_claim
from marketplace.photos.models import Photo
from marketplace.photos.recognition import worker
from marketplace.photos.services import photo_add, photo_remove
from marketplace.registry.services import version_promote, version_register, version_rollback
from marketplace.training.models import Rerecognition, SecondLook
from marketplace.training.rerecognition import worker as rerecognition_worker
from marketplace.training.rerecognition.services import (
    look_finish,
    looks_claim,
    promotion_notice,
    rerecognition_counts,
    rerecognition_plan,
    rerecognition_request,
    rerecognitions_sweep,
)
from marketplace.training.rerecognition.worker import rerecognise_waiting
from tests.factories import ListingFactory, PhotoFactory
from tests.factories.listings import ANOTHER_CAR
from tests.photos.conftest import rings  # noqa: F401  # fixture
from tests.pictures import jpeg
from tests.training.fakes import ColourRecogniser

pytestmark = pytest.mark.django_db


class StubRecogniser(ColourRecogniser):
    """Unsure of grey cars until it knows them.

    batches: the sizes of the batches that it recognised. before: called before each batch.
    """

    batches: list = []  # noqa: RUF012
    before = staticmethod(lambda: None)

    def recognise(self, photos):
        StubRecogniser.before()
        photos = list(photos)
        StubRecogniser.batches.append(len(photos))
        return super().recognise(photos)

    def _look(self, photo):
        said = super()._look(photo)
        grey = bool(photo) and set(Image.open(io.BytesIO(photo)).getpixel((0, 0))) == {128}
        if not grey or ("Volvo", "V40") in [(one.make, one.model) for one in self.classes]:
            return said
        return replace(said, log_probs=np.full(len(self.classes), -np.log(len(self.classes)), dtype=np.float32))


@pytest.fixture(autouse=True)
def recogniser(settings, monkeypatch, rings):  # noqa: F811
    settings.RECOGNISER = "tests.training.rerecognition.test_rerecognition.StubRecogniser"
    monkeypatch.setattr(worker, "_serving", None)
    StubRecogniser.batches, StubRecogniser.before = [], staticmethod(lambda: None)
    return StubRecogniser


@pytest.fixture
def draft(alice, cars):
    """`draft("red", "red")`: a draft with photos of these colours, already recognised."""

    def make(*colours, status="draft"):
        listing = ListingFactory(seller=alice)
        for number, colour in enumerate(colours):
            photo_add(listing=listing, data=jpeg(colour) + bytes([number]), filename="a.jpg")
        worker.recognise_waiting()
        Listing.objects.filter(pk=listing.pk).update(status=status, submitted_at=timezone.now())
        listing.refresh_from_db()
        return listing

    return make


@pytest.fixture
def promote(champion, artefact, classes):
    """Let a version serve that knows these colours."""

    def make(*colours, name="next"):
        folder = artefact(name, classes=classes(*colours)).folder
        version = version_register(folder=folder).version
        return version_promote(version=version, by=None, reason="test")

    return make


def versions(listing):
    """The versions that looked at each of a listing's photos, in order."""
    return [
        [said.model_version.version.partition("-")[0] for said in photo.predictions.order_by("pk")]
        for photo in listing.photos.all()
    ]


def again(listing):
    rerecognise_waiting()
    listing.refresh_from_db()
    return listing


def test_a_new_version_looks_again_at_what_waits_and_its_verdict_counts(draft, promote):
    listing = draft("gray", "gray", status="submitted")  # which the champion does not know
    assert listing.verdict["model"]["name"] != "V40"
    new = promote("red", "lime", "blue", "gray")
    again(listing)
    assert versions(listing) == [["champion", "next"], ["champion", "next"]]
    assert (listing.verdict["version"], listing.verdict["model"]["name"]) == (new.version, "V40")
    [asked] = Rerecognition.objects.all()
    assert (asked.status, asked.promotion.version, asked.total, asked.done, asked.failed) == ("done", new, 2, 2, 0)
    assert not SecondLook.objects.exists()
    assert again(listing)
    assert Rerecognition.objects.count() == 1  # requested once


def test_it_looks_at_pending_and_doubtful_ones_only(draft, promote, monkeypatch):
    sure, pending, live = draft("red"), draft("red", status="submitted"), draft("gray", status="live")
    doubtful = draft("red")
    Listing.objects.filter(pk=doubtful.pk).update(contradicts=ANOTHER_CAR)
    promote("red", "lime", "blue", "gray")
    rerecognise_waiting()
    assert [versions(one) for one in (sure, live)] == [[["champion"]]] * 2
    assert [versions(one) for one in (pending, doubtful)] == [[["champion", "next"]]] * 2
    rerecognition_request(scope="all")
    rerecognise_waiting()
    assert [versions(one) for one in (sure, live)] == [[["champion", "next"]]] * 2
    live.refresh_from_db()
    assert (live.status, live.make, live.verdict["model"]["name"]) == ("live", None, "V40")


def test_what_the_seller_typed_stays(draft, promote, cars):
    listing = draft("gray")
    listing_update(listing=listing, values={"make": cars["Fabia"].make, "car_model": cars["Fabia"]})
    promote("red", "lime", "blue", "gray")
    again(listing)
    assert listing.verdict["model"]["name"] == "V40"
    assert listing.car_model == cars["Fabia"]


def test_new_uploads_go_first(draft, promote, alice, monkeypatch):
    listing = draft(*["gray"] * 6)
    promote("red", "lime", "blue", "gray")
    monkeypatch.setattr(rerecognition_worker, "AT_ONCE", 2)
    StubRecogniser.batches = []
    new = []

    def upload():
        if not StubRecogniser.batches:  # during the second look at the first two
            other = ListingFactory(seller=alice)
            new.extend(photo_add(listing=other, data=jpeg("red") + bytes([n]), filename="a.jpg") for n in range(3))
        if len(StubRecogniser.batches) == 1:
            assert set(SecondLook.objects.filter(status="pending").values_list("attempts", flat=True)) == {0}

    StubRecogniser.before = staticmethod(upload)
    again(listing)
    assert StubRecogniser.batches == [2, 3, 2, 2]
    assert {photo.status for photo in Photo.objects.filter(pk__in=[one.pk for one in new])} == {"done"}


def test_it_takes_nothing_while_more_new_photos_wait_than_one_task_takes(draft, promote, monkeypatch):
    listing = draft("gray")
    promote("red", "lime", "blue", "gray")
    monkeypatch.setattr(rerecognition_worker, "recognise_waiting", lambda: 0)
    PhotoFactory(listing=None)
    again(listing)
    assert versions(listing) == [["champion"]]


def test_a_killed_worker_loses_nothing_and_the_photo_that_killed_it_is_given_up(draft, promote, monkeypatch):
    listing = draft("gray", "gray")
    version = promote("red", "lime", "blue", "gray")
    promotion_notice()
    assert not rerecognition_plan(asked=Rerecognition.objects.get())
    for attempt in (1, 2, 3):  # a worker claims them and is killed
        taken = looks_claim(version=version, limit=4)
        assert [look.attempts for look in taken] == ([1, 1] if attempt == 1 else [attempt])
        assert looks_claim(version=version, limit=4) == [] or attempt > 1
        late = taken[0]
        long_ago = timezone.now() - timedelta(hours=1)
        SecondLook.objects.filter(pk=late.pk).update(claimed_at=long_ago)
        SecondLook.objects.exclude(pk=late.pk).update(claimed_at=long_ago if attempt == 3 else timezone.now())
    assert look_finish(look=late, version=version, recognition=None) == "late"
    again(listing)
    asked = Rerecognition.objects.get()
    assert (asked.status, asked.total, asked.done, asked.failed) == ("done", 2, 2, 1)
    assert sorted(versions(listing)) == [["champion"], ["champion", "next"]]


def test_another_process_continues_a_planning_that_was_killed(draft, promote):
    listings = [draft("gray") for _ in range(3)]
    promote("red", "lime", "blue", "gray")
    asked = promotion_notice()
    assert rerecognition_plan(asked=asked, limit=2)
    assert rerecognition_counts(asked=asked).total == 2
    rerecognise_waiting()
    assert [versions(one) for one in listings] == [[["champion", "next"]]] * 3
    assert Rerecognition.objects.get().total == 3


def test_it_changes_nothing_while_a_moderator_has_the_listing_open(draft, promote, bob):
    listing = draft("gray", status="submitted")
    other = draft("gray", status="submitted")
    promote("red", "lime", "blue", "gray")
    assert listing_claim(listing=listing, moderator=bob)
    before = listing.verdict
    again(listing)
    assert (versions(listing), listing.verdict) == ([["champion"]], before)
    assert versions(other) == [["champion", "next"]]
    asked = Rerecognition.objects.get()
    assert (asked.status, rerecognition_counts(asked=asked).done) == ("running", 1)
    claim_release(listing=listing, moderator=bob)
    again(listing)
    assert listing.verdict["model"]["name"] == "V40"


def test_a_moderator_who_opens_it_during_the_look_sees_what_stays(draft, promote, bob):
    listing = draft("gray", status="submitted")
    promote("red", "lime", "blue", "gray")
    StubRecogniser.before = staticmethod(lambda: listing_claim(listing=listing, moderator=bob))
    again(listing)
    assert versions(listing) == [["champion"]]
    assert SecondLook.objects.get().attempts == 0  # the attempt does not count
    claim_release(listing=listing, moderator=bob)
    StubRecogniser.before = staticmethod(lambda: None)
    again(listing)
    assert versions(listing) == [["champion", "next"]]


def test_a_rollback_brings_back_the_old_verdict_without_another_look(draft, promote):
    listing = draft("gray", status="submitted")
    before = listing.verdict
    promote("red", "lime", "blue", "gray")
    again(listing)
    assert listing.verdict["version"] != before["version"]
    version_rollback(by=None)
    StubRecogniser.batches = []
    again(listing)
    assert listing.verdict == before
    assert StubRecogniser.batches == []


def test_another_promotion_takes_its_place(draft, promote):
    listing = draft("gray", status="submitted")
    promote("red", "lime", "blue", "gray")
    promotion_notice()
    promote("red", "gray", name="third")
    again(listing)
    assert versions(listing) == [["champion", "third"]]
    assert [row.status for row in Rerecognition.objects.order_by("pk")] == ["superseded", "done"]


def test_a_photo_whose_file_is_lost_keeps_its_earlier_recognition(draft, promote):
    listing = draft("gray", "gray", status="submitted")
    photo = listing.photos.first()
    photo.file.storage.delete(photo.file.name)
    promote("red", "lime", "blue", "gray")
    again(listing)
    photo.refresh_from_db()
    assert photo.outcome == "ok"
    assert versions(listing) == [["champion"], ["champion", "next"]]
    assert Rerecognition.objects.get().failed == 1


def test_a_batch_that_raises_is_retried_later_one_photo_at_a_time(draft, promote):
    draft("gray", "gray", status="submitted")
    promote("red", "lime", "blue", "gray")

    def broken():
        raise OSError("the driver is away")

    StubRecogniser.before = staticmethod(broken)
    with pytest.raises(OSError, match="driver"):
        rerecognise_waiting()
    StubRecogniser.before = staticmethod(lambda: None)
    assert {look.error for look in SecondLook.objects.all()} == {"OSError: the driver is away"}
    assert rerecognise_waiting() == 0
    SecondLook.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    StubRecogniser.batches = []
    assert rerecognise_waiting() == 2
    assert StubRecogniser.batches == [1, 1]


def test_a_removed_photo_is_not_missed(draft, promote):
    listing = draft("gray", "gray")
    promote("red", "lime", "blue", "gray")
    StubRecogniser.before = staticmethod(lambda: photo_remove(photo=Photo.objects.first()))
    again(listing)
    assert versions(listing) == [["champion", "next"]]
    assert Rerecognition.objects.get().status == "done"


def test_the_sweep_rings_only_if_no_worker_is_at_work(draft, promote, rings):  # noqa: F811
    draft("gray", status="submitted")
    version = promote("red", "lime", "blue", "gray")
    rings.clear()
    assert rerecognitions_sweep()
    assert rings == ["marketplace.training.tasks.rerecognise"]
    rerecognition_plan(asked=Rerecognition.objects.get())
    looks_claim(version=version, limit=1)
    assert rerecognitions_sweep()
    assert len(rings) == 1


def test_a_recognition_is_stored_once_however_often_it_is_asked_for(draft, promote):
    listing = draft("gray", status="submitted")
    version = promote("red", "lime", "blue", "gray")
    rerecognition_request(scope="pending")
    again(listing)
    assert versions(listing) == [["champion", "next"]]
    assert {row.status for row in Rerecognition.objects.all()} == {"done"}
    rerecognition_request(scope="all")
    rerecognise_waiting()
    assert Rerecognition.objects.first().total == 0
    assert listing.photos.get().predictions.filter(model_version=version).count() == 1
