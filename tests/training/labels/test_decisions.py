"""Decisions as labelled photos."""

from datetime import timedelta

import pytest
from django.utils import timezone

from classifier.artefact import TrainedClass
from classifier.training.data.manifest import manifest_read
from marketplace.listings.models import Listing
from marketplace.moderation.policy.services import review_submitted
from marketplace.moderation.services import decision_make
from marketplace.photos.models import Photo
from marketplace.training.labels.decisions import decision_rows
from marketplace.training.labels.export import ExportRefused, labels_export
from tests.factories import DecisionFactory
from tests.moderation.conftest import verdict


@pytest.fixture
def corrected(waiting, bob, cars):
    """A listing stated as an Octavia that bob calls a V70."""
    listing = waiting("Octavia")
    decision_make(listing=listing, moderator=bob, action="correct", make=cars["V70"].make, car_model=cars["V70"])
    return listing


def labels(**given):
    return [(row.make, row.model, row.year, row.vehicle) for row in decision_rows(**given)]


def test_it_takes_what_the_moderator_said_not_the_seller(corrected):
    assert labels() == [("Volvo", "V70", "", f"decisions/listing-{corrected.code}")]


def test_it_leaves_out_what_policy_approved(waiting):
    waiting("Octavia", said=verdict(("Skoda", "Octavia", 0.99)))
    assert review_submitted() == 1
    assert labels() == []


def test_it_leaves_out_what_was_rejected(waiting, bob):
    decision_make(listing=waiting(), moderator=bob, action="reject", reason="No car.")
    assert labels() == []


def test_it_believes_the_newest_decision(corrected, bob):
    Listing.objects.filter(pk=corrected.pk).update(status=Listing.Status.SUBMITTED)
    decision_make(listing=corrected, moderator=bob, action="reject", reason="Not that either.")
    assert labels() == []


def test_it_leaves_out_what_was_changed_after_a_person_looked(corrected):
    """Withdrawn, changed, submitted again and approved by policy: no person knows this car."""
    Listing.objects.filter(pk=corrected.pk).update(status=Listing.Status.SUBMITTED)
    listing = Listing.objects.get(pk=corrected.pk)
    DecisionFactory(listing=listing, auto=True)
    assert labels() == []


def test_it_leaves_out_photos_that_came_after_the_decision(corrected):
    Photo.objects.update(created_at=timezone.now() + timedelta(seconds=1))
    assert labels() == []


def test_it_takes_photos_from_outside_only(corrected):
    Photo.objects.update(kind="interior")
    assert labels() == []


@pytest.mark.parametrize(
    ("classes", "label"),
    [
        ([TrainedClass("VOLVO", "v70", "2008")], ("VOLVO", "v70", "2008")),
        ([TrainedClass("volvo", "V70", "2008"), TrainedClass("volvo", "V70", "2012")], ("volvo", "V70", "")),
        ([TrainedClass("Skoda", "Fabia")], ("Volvo", "V70", "")),
    ],
    ids=["the model's own name", "several years", "unknown to the model"],
)
def test_it_names_a_car_as_the_model_does(corrected, classes, label):
    assert labels(classes=classes)[0][:3] == label


def test_it_finds_the_models_name_through_an_alias(waiting, bob):
    decision_make(listing=waiting("Octavia"), moderator=bob, action="accept")
    assert labels(classes=[TrainedClass("Skoda", "Octavia Combi", "2012")])[0][:3] == ("Skoda", "Octavia Combi", "2012")


def test_it_exports_what_reads_back_the_same(corrected, site):
    export = labels_export(path=site / "decisions" / "manifest.csv")
    assert (export.photos, export.vehicles) == (1, 1)
    (row,) = manifest_read(export.manifest)
    (known,) = decision_rows()
    assert (row.make, row.model, row.vehicle) == (known.make, known.model, known.vehicle)
    assert row.path.resolve() == known.path.resolve()


def test_it_refuses_to_export_nothing(db, site):
    with pytest.raises(ExportRefused, match="No person has confirmed"):
        labels_export(path=site / "manifest.csv")
