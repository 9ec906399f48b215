"""Doubtful labels: asked once, decided once."""

import pytest

from marketplace.moderation.labels.doubts import Doubt, LabelRefused, label_ask, label_decide, label_next, labels_open
from marketplace.moderation.models import LabelReview
from tests.factories import DoubtFactory
from tests.pictures import jpeg


@pytest.fixture
def asked(db):
    assert label_ask(doubt=DoubtFactory(), picture=jpeg)
    return LabelReview.objects.get()


def test_it_asks_the_most_suspect_first(db):
    for number, score in enumerate([0.5, 0.01, 0.2]):
        label_ask(doubt=DoubtFactory(sha256=f"{number}", score=score), picture=jpeg)
    assert [one.score for one in labels_open()] == [0.01, 0.2, 0.5]
    first = label_next()
    assert label_next(skip=[first.pk]).score == 0.2


def test_it_asks_once_and_takes_the_newer_suggestions(asked):
    newer = DoubtFactory(score=0.3, suggestions=[{"make": "Volvo", "model": "V40", "years": "", "confidence": 0.5}])
    assert label_ask(doubt=newer, picture=lambda: pytest.fail("it has a picture"))
    row = LabelReview.objects.get()
    assert (row.score, row.suggestions[0]["model"], row.revision) == (0.3, "V40", 1)


@pytest.mark.parametrize(
    ("sent", "status", "right"),
    [
        ({"action": "keep"}, "kept", ""),
        ({"action": "discard"}, "discarded", ""),
        ({"action": "no_car"}, "no_car", ""),
        ({"action": "correct", "suggestion": 0}, "corrected", "Volvo V70 2008"),
    ],
)
def test_it_stores_what_a_moderator_says(asked, bob, sent, status, right):
    label_decide(review=asked, moderator=bob, seen=0, **sent)
    row = LabelReview.objects.get()
    assert (row.status, row.right, row.moderator) == (status, right, bob)
    assert row.decided_at is not None
    assert label_next() is None


def test_it_takes_a_car_of_the_catalogue_and_one_whose_model_cannot_be_told(asked, bob, cars):
    fabia = cars["Fabia"]
    row = label_decide(review=asked, moderator=bob, action="correct", seen=0, make=fabia.make, car_model=fabia)
    assert row.right == "Škoda Fabia"
    row = label_decide(review=row, moderator=bob, action="correct", seen=1, make=fabia.make)
    assert (row.right, row.right_model) == ("Škoda", "")


def test_naming_the_label_itself_keeps_it(asked, bob, cars):
    LabelReview.objects.update(year="", label_key="skoda|octavia|")
    asked.refresh_from_db()
    row = label_decide(
        review=asked, moderator=bob, action="correct", seen=0, make=cars["Octavia"].make, car_model=cars["Octavia"]
    )
    assert (row.status, row.right) == ("kept", "")


def test_it_does_not_ask_again_what_was_answered(asked, bob):
    label_decide(review=asked, moderator=bob, action="correct", seen=0, suggestion=0)
    assert not label_ask(doubt=DoubtFactory(), picture=jpeg)
    # Nor whether the moderator's own word is right.
    assert not label_ask(doubt=DoubtFactory(make="VOLVO", model="v 70", year="2008"), picture=jpeg)
    assert label_ask(doubt=DoubtFactory(model="Fabia"), picture=jpeg)  # a third label for it is another question
    assert LabelReview.objects.count() == 2


def test_the_second_of_two_moderators_gets_a_message_and_changes_nothing(asked, bob, charlie):
    label_decide(review=asked, moderator=bob, action="keep", seen=0)
    with pytest.raises(LabelRefused, match="Too late: Bob decided: it is a Skoda Octavia 2012"):
        label_decide(review=asked, moderator=charlie, action="discard", seen=0)
    row = LabelReview.objects.get()
    assert (row.status, row.moderator) == ("kept", bob)


def test_nobody_takes_a_suggestion_that_they_have_not_seen(asked, bob):
    label_ask(
        doubt=DoubtFactory(suggestions=[{"make": "Kia", "model": "Rio", "years": "", "confidence": 0.9}]), picture=jpeg
    )
    with pytest.raises(LabelRefused, match="Suggestions or earlier decisions changed meanwhile"):
        label_decide(review=asked, moderator=bob, action="correct", seen=0, suggestion=0)
    assert LabelReview.objects.get().status == "open"


@pytest.mark.parametrize("sent", [{"suggestion": 5}, {}, {"action": "burn"}])
def test_it_refuses_what_says_too_little(asked, bob, sent):
    with pytest.raises(LabelRefused):
        label_decide(review=asked, moderator=bob, seen=0, **{"action": "correct", **sent})
    assert LabelReview.objects.get().status == "open"


def test_a_listings_photo_needs_no_picture_of_its_own_and_takes_the_question_with_it(waiting):
    photo = waiting().photos.get()
    asked: Doubt = DoubtFactory(photo=photo)
    assert label_ask(doubt=asked, picture=lambda: pytest.fail("the photo is its picture"))
    photo.delete()
    assert not LabelReview.objects.exists()
