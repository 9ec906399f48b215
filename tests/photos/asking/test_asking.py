"""Up to eight photos of one car at once, one of several cars in a picture, and what is told."""

from datetime import timedelta

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from safetensors.numpy import save_file

from classifier.detect import Detection, prominent
from marketplace.photos.asking.answers import Says, answer_of
from marketplace.photos.asking.services import question_about_car, question_begin, question_photo_add
from marketplace.photos.asking.taught import _counted
from marketplace.photos.models import Photo, Question
from marketplace.photos.tidy import photos_tidy
from tests.factories import CarModelFactory, ListingFactory, PhotoFactory, PredictionFactory, verdict_of

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


def file(data, name="car.jpg"):
    return SimpleUploadedFile(name, data)


def asked(verdict=None, **photo):
    """A question with one photo that was looked at."""
    question = question_begin()
    question.verdict = verdict
    question.save()
    one = PhotoFactory(listing=None, question=question, with_files=True, **photo)
    if one.outcome == "ok":
        PredictionFactory(photo=one, boxes=[[10, 10, 300, 200]], box=[10, 10, 300, 200])
    return question


def shown(client, question):
    return client.get(f"/identify/{question.pk}/").content.decode()


def test_one_form_brings_all_photos_of_a_car(client, encoded):
    answer = client.post("/identify/", {"photo": [file(encoded(width=400 + n)) for n in range(8)]})
    question = Question.objects.get()
    assert answer["Location"] == f"/identify/{question.pk}/"
    assert question.photos.count() == 8
    assert "0 of 8 photos looked at" in shown(client, question)


def test_the_script_sends_them_one_by_one(client, encoded):
    first = client.post("/identify/", {"photo": file(encoded(width=400))}, headers=JSON).json()
    more = {"photo": file(encoded(width=500)), "question": first["question"]}
    assert client.post("/identify/", more, headers=JSON).json() == first
    again = {"photo": file(encoded(width=500)), "question": first["question"]}
    assert client.post("/identify/", again, headers=JSON).status_code == 201
    assert Question.objects.get().photos.count() == 2


def test_a_ninth_photo_is_one_too_many(client, encoded):
    question = question_begin()
    PhotoFactory.create_batch(8, listing=None, question=question)
    answer = client.post("/identify/", {"photo": file(encoded()), "question": question.pk}, headers=JSON)
    assert answer.status_code == 422
    assert "8 photos of one car are enough" in answer.json()["message"]


def test_of_several_files_the_good_ones_count(client, encoded):
    answer = client.post("/identify/", {"photo": [file(b"nothing"), file(encoded())]}, follow=True)
    assert Question.objects.get().photos.count() == 1
    assert "This file is" in answer.content.decode()


def test_it_tells_how_sure_how_many_taught_it_and_what_is_for_sale(client, monkeypatch):
    golf = CarModelFactory(make__name="Volkswagen", name="Golf")
    ListingFactory.create_batch(2, live=True, car_model=golf)
    taught = {("volkswagen", "golf"): 42}
    monkeypatch.setattr("marketplace.photos.asking.answers.photos_taught", lambda version: taught)
    question = asked(verdict_of(("Volkswagen", "Golf", 0.874), ("Audi", "A3", 0.1)), done=True)
    page = shown(client, question)
    assert "<h2>Volkswagen Golf</h2>" in page
    assert "42 photos taught us" in page
    assert '<a href="/cars/volkswagen/golf/">2 for sale here</a>' in page
    assert "no photo taught us" in page  # of the A3, which the catalogue does not know either


def test_what_is_hardly_more_than_a_guess_is_said_to_be_unknown(client):
    question = asked(verdict_of(("Volkswagen", "Golf", 0.2), make_confidence=0.3), done=True)
    page = shown(client, question)
    assert answer_of(question=question).says is Says.UNKNOWN
    assert "we do not know which" in page
    assert "Golf" not in page
    question = asked(verdict_of(("Volkswagen", "Golf", 0.2), make_confidence=0.9), done=True)
    assert "Perhaps a Volkswagen" in shown(client, question)


def test_no_car_is_said_to_be_none_and_is_not_praised(client):
    page = shown(client, asked(other=True))
    assert "There is no car on this photo" in page
    assert not any(word in page.lower() for word in ("fine photo", "most likely", "great", "nice"))


def test_a_photo_of_something_else_does_not_count_among_good_ones(client):
    question = asked(verdict_of(("Volkswagen", "Golf", 0.9)), done=True)
    PhotoFactory(listing=None, question=question, other=True)
    page = shown(client, question)
    assert "<h2>Volkswagen Golf</h2>" in page
    assert "No car on this one: it does not count." in page


def test_each_of_several_cars_can_be_asked_about(client, encoded):
    question = question_begin()
    photo = question_photo_add(question=question, data=encoded(width=800, height=600), filename="a.jpg")
    Photo.objects.filter(pk=photo.pk).update(status="done", outcome="ok", kind="exterior")
    boxes = [[100, 50, 700, 550], [0, 100, 100, 300]]
    PredictionFactory(photo=photo, box=boxes[0], boxes=boxes)
    page = shown(client, question)
    assert page.count("<foreignObject") == 2
    answer = client.post(f"/identify/{question.pk}/{photo.pk}/car/", {"car": "1"})
    about = Question.objects.get(part_of=question)
    assert answer["Location"] == f"/identify/{about.pk}/"
    cut = about.photos.get()
    assert (cut.width, cut.height) == (106, 224)  # with a margin, where the picture has one
    assert "Back to the whole picture" in shown(client, about)
    for nonsense in ("7", "-1", "x", ""):
        answer = client.post(f"/identify/{question.pk}/{photo.pk}/car/", {"car": nonsense})
        assert answer["Location"] == f"/identify/{question.pk}/"
    assert Question.objects.count() == 2


def test_a_photo_of_another_question_cannot_be_cut(client, listing):
    question, others = asked(done=True), PhotoFactory(listing=listing, done=True)
    assert client.post(f"/identify/{question.pk}/{others.pk}/car/", {"car": "0"}).status_code == 404
    assert question_about_car(photo=question.photos.get(), car=5) is None


def test_the_cars_that_a_photo_shows_come_with_the_main_one_first():
    boxes = [((500, 0, 900, 300), 0.9), ((0, 0, 480, 300), 0.8), ((950, 0, 990, 30), 0.9), ((910, 0, 1200, 290), 0.7)]
    found = prominent([Detection(box, sure) for box, sure in boxes])
    assert [one.box for one in found] == [(0, 0, 480, 300), (500, 0, 900, 300), (910, 0, 1200, 290)]


def test_after_an_hour_question_and_photos_are_gone():
    question = asked(done=True)
    old = timezone.now() - timedelta(hours=2)
    Question.objects.update(created_at=old)
    Photo.objects.update(created_at=old)
    photos_tidy()
    assert not Question.objects.filter(pk=question.pk).exists()
    assert not Photo.objects.exists()


def test_what_taught_a_version_is_read_from_its_memory(tmp_path):
    columns = {"car": np.array([0, 0, 1, 2, 0], np.uint16), "split": np.array([0, 0, 0, 0, 2], np.uint8)}
    about = '{"form": "1", "cars": [["VW", "Golf", "2012"], ["VW", "golf", "2015"], ["Audi", "A3", ""]]}'
    save_file(columns, tmp_path / "memory.safetensors", metadata={"about": about})
    assert _counted(tmp_path) == {("vw", "golf"): 3, ("audi", "a3"): 1}
    assert _counted(tmp_path / "without") is None
