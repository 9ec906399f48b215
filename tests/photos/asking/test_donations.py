"""Photos that visitors give for training: from the tick to a labelled row."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.moderation.labels.donations import donations_sweep
from marketplace.moderation.labels.doubts import label_decide
from marketplace.moderation.models import LabelReview
from marketplace.photos.asking.donations import TERMS
from marketplace.photos.asking.services import question_begin, question_photo_add
from marketplace.photos.models import Photo, Question
from marketplace.photos.tidy import photos_tidy
from marketplace.training.labels.donations import donation_rows
from tests.factories import CarModelFactory, PredictionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def question(encoded):
    """A visitor's question, answered: a Skoda Octavia."""
    asked = question_begin()
    photo = question_photo_add(question=asked, data=encoded(width=800, height=600), filename="a.jpg")
    Photo.objects.filter(pk=photo.pk).update(status="done", outcome="ok", kind="exterior")
    PredictionFactory(photo=photo)
    asked.verdict = {"candidates": [{"make": "Skoda", "model": "Octavia", "years": "", "confidence": 0.9}]}
    asked.verdict |= {"make": {"name": "Skoda", "confidence": 0.9}, "photos_used": 1, "version": "v"}
    asked.save()
    return asked


def give(client, question, **data):
    return client.post(f"/identify/{question.pk}/donate/", data)


def an_hour_later():
    old = timezone.now() - timedelta(hours=1, minutes=6)
    Photo.objects.update(created_at=old)
    Question.objects.update(created_at=old)


def test_nothing_is_given_without_the_tick(client, question):
    page = client.get(f"/identify/{question.pk}/").content.decode()
    assert 'name="donate" value="yes" required>' in page
    give(client, question)
    an_hour_later()
    assert donations_sweep() == {"asked": 0, "removed": 0}
    photos_tidy()
    assert not Photo.objects.exists()


def test_with_the_tick_date_and_terms_are_kept_and_nothing_of_the_visitor(client, question):
    give(client, question, donate="yes")
    question.refresh_from_db()
    assert question.donated_terms == TERMS
    assert timezone.now() - question.donated_at < timedelta(minutes=1)
    assert "Take them back" in client.get(f"/identify/{question.pk}/").content.decode()
    give(client, question, donate="")
    question.refresh_from_db()
    assert (question.donated_at, question.donated_terms) == (None, "")


def test_a_moderator_names_the_car_and_then_it_is_learnt_from(client, question, bob):
    give(client, question, donate="yes")
    assert donations_sweep()["asked"] == 0  # the visitor may still take it back
    an_hour_later()
    photos_tidy()
    assert donations_sweep() == {"asked": 1, "removed": 0}
    assert donations_sweep() == {"asked": 0, "removed": 0}
    review = LabelReview.objects.get()
    assert review.label == "Skoda Octavia"
    assert donation_rows() == []
    client.force_login(bob)
    page = client.get(f"/moderate/labels/{review.pk}/").content.decode()
    assert "given by a visitor" in page
    superb = CarModelFactory(make__name="Skoda", name="Superb")
    label_decide(review=review, moderator=bob, action="correct", seen=0, make=superb.make, car_model=superb)
    (row,) = donation_rows()
    assert (row.vehicle, row.kind) == (f"donations/question-{question.pk}", "exterior")
    assert row.path.is_file()


@pytest.mark.parametrize("action", ["discard", "no_car"])
def test_what_a_moderator_leaves_out_is_deleted(client, question, bob, action):
    give(client, question, donate="yes")
    an_hour_later()
    donations_sweep()
    label_decide(review=LabelReview.objects.get(), moderator=bob, action=action, seen=0)
    assert donations_sweep()["removed"] == 1
    assert donation_rows() == []
    photos_tidy()
    assert not Question.objects.exists()


def test_after_the_hour_it_cannot_be_given_any_more(client, question):
    an_hour_later()
    assert give(client, question, donate="yes").status_code == 404
