"""What moderators say shows no car, as photos of kind "other"."""

from datetime import timedelta

import pytest
from django.utils import timezone

from classifier.training.data.manifest import manifest_read
from marketplace.listings.models import Listing
from marketplace.moderation.decisions.rejections import NO_CAR, SHIPPED
from marketplace.moderation.labels.doubts import label_ask, label_decide
from marketplace.moderation.models import LabelReview
from marketplace.moderation.services import decision_make
from marketplace.photos.models import Photo
from marketplace.training.labels.decisions import decision_rows, newest_decisions
from marketplace.training.labels.export import labels_export
from marketplace.training.labels.no_car import no_car_rows
from tests.factories import DoubtFactory, PhotoFactory
from tests.pictures import jpeg


@pytest.fixture
def rejected(waiting, bob):
    """A listing of which bob says that its photos show no car; the machine had seen one."""
    listing = waiting("Octavia")
    decision_make(listing=listing, moderator=bob, action="reject", reason=NO_CAR)
    return listing


def rows():
    return no_car_rows(newest=newest_decisions())


def test_all_photos_of_such_a_listing_show_none(rejected):
    (row,) = rows()
    assert (row.kind, row.make, row.model, row.vehicle) == ("other", "", "", f"decisions/listing-{rejected.code}")
    assert decision_rows() == []


@pytest.mark.parametrize("reason", [one for one in SHIPPED.values() if one != NO_CAR] + ["No car!"])
def test_any_other_reason_says_nothing_of_the_photos(waiting, bob, reason):
    decision_make(listing=waiting(), moderator=bob, action="reject", reason=reason)
    assert rows() == []


def test_photos_that_came_later_or_are_gone_are_left_out(rejected):
    PhotoFactory(listing=rejected, done=True)  # without a file
    later = PhotoFactory(listing=rejected, done=True, with_files=True)
    Photo.objects.filter(pk=later.pk).update(created_at=timezone.now() + timedelta(minutes=1))
    assert len(rows()) == 1


def test_the_newest_decision_counts(rejected, bob):
    Listing.objects.filter(pk=rejected.pk).update(status=Listing.Status.SUBMITTED)
    decision_make(listing=Listing.objects.get(), moderator=bob, action="accept")
    assert rows() == []
    assert len(decision_rows()) == 1


def test_a_photo_whose_label_was_answered_so_is_one_and_its_neighbours_are_not(waiting, bob):
    listing = waiting()
    PhotoFactory(listing=listing, done=True, with_files=True)
    photo = Photo.objects.order_by("created_at").first()
    label_ask(doubt=DoubtFactory(photo=photo), picture=jpeg)
    label_decide(review=LabelReview.objects.get(), moderator=bob, action="no_car", seen=0)
    assert [row.path.name for row in rows()] == [photo.file.name.rpartition("/")[2]]


def test_they_are_exported_with_the_decisions_and_read_back(rejected, waiting, bob, site):
    decision_make(listing=waiting("Fabia"), moderator=bob, action="accept")
    export = labels_export(path=site / "decisions" / "manifest.csv")
    assert (export.photos, export.vehicles) == (2, 2)
    assert {(row.kind, row.make) for row in manifest_read(export.manifest)} == {("exterior", "Škoda"), ("other", "")}
