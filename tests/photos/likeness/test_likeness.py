"""Cars on sale that look like a visitor's: vectors, what is kept of them, and the page."""

import numpy as np
import pytest

from marketplace.listings.life.services import listing_withdraw
from marketplace.photos.asking.services import question_begin
from marketplace.photos.likeness.search import cars_like
from marketplace.photos.likeness.vectors import likeness, packed, vectors_of
from marketplace.photos.models import Prediction
from tests.factories import (
    CarModelFactory,
    ListingFactory,
    ModelVersionFactory,
    PhotoFactory,
    PredictionFactory,
    verdict_of,
)

pytestmark = pytest.mark.django_db
CLASSES = 12


def log_probs(best, share=0.9):
    probs = np.full(CLASSES, (1 - share) / (CLASSES - 1))
    probs[best] = share
    return np.log(probs).astype("<f2").tobytes()


@pytest.fixture
def version(db):
    return ModelVersionFactory()


@pytest.fixture
def put(version):
    """Puts a car on sale, with one photo of which the network is sure of one class."""

    def put(best, share=0.9, **fields):
        listing = ListingFactory(live=True, **fields)
        photo = PhotoFactory(listing=listing, done=True, with_files=True)
        PredictionFactory(photo=photo, model_version=version, log_probs=log_probs(best, share))
        return listing

    return put


@pytest.fixture
def ask(version):
    """A question about a car of a class."""

    def ask(best, verdict=None):
        question = question_begin()
        question.verdict = verdict
        question.save()
        photo = PhotoFactory(listing=None, question=question, done=True, with_files=True)
        PredictionFactory(photo=photo, model_version=version, log_probs=log_probs(best))
        return question

    return ask


def test_a_photo_is_like_itself_and_packing_changes_little():
    chance = np.random.default_rng(1)
    vectors = vectors_of(np.log(chance.dirichlet(np.full(40, 0.1), 50) + 1e-7))
    assert np.allclose((vectors**2).sum(axis=1), 1, atol=1e-5)
    exact = vectors @ vectors[0]
    assert np.abs(likeness(packed(vectors), vectors[0]) - exact).max() < 0.01
    assert likeness(packed(vectors), vectors[0]).argmax() == 0


def test_the_most_alike_come_first(put, ask):
    far, near, nearest = put(1), put(3, 0.3), put(3)
    found = cars_like(question=ask(3))
    assert (found.model, found.of_model) == (None, [])
    assert found.others[:2] == [nearest, near]
    assert far in found.others


def test_cars_of_a_sure_verdicts_model_come_apart(put, ask):
    golf = CarModelFactory(make__name="Volkswagen", name="Golf")
    unlike, like, other = put(1, car_model=golf), put(3, car_model=golf), put(3)
    found = cars_like(question=ask(3, verdict_of(("Volkswagen", "Golf", 0.8))))
    assert (found.model, found.of_model, found.others) == (golf, [like, unlike], [other])
    unsure = cars_like(question=ask(3, verdict_of(("Volkswagen", "Golf", 0.4))))
    assert unsure.model is None


def test_what_changed_is_noticed(put, ask, version):
    first = put(3)
    question = ask(3)
    assert cars_like(question=question).others == [first]
    second = put(3)
    listing_withdraw(listing=first, by=first.seller)
    assert cars_like(question=question).others == [second]
    Prediction.objects.filter(photo__listing=second).delete()
    second.save()
    assert cars_like(question=question).others == []


def test_vectors_of_another_version_are_not_compared(put, ask):
    put(3)
    photo = PhotoFactory(listing=None, question=(question := question_begin()), done=True)
    PredictionFactory(photo=photo, model_version=ModelVersionFactory(), log_probs=log_probs(3))
    assert cars_like(question=question).others == []


def test_the_page_shows_them_and_identify_leads_there(client, put, ask):
    listing, question = put(3), ask(3, verdict_of(("Volkswagen", "Golf", 0.8)))
    assert f"/identify/{question.pk}/cars/" in client.get(f"/identify/{question.pk}/").content.decode()
    page = client.get(f"/identify/{question.pk}/cars/").content.decode()
    assert listing.get_absolute_url() in page


def test_where_there_is_no_car_nothing_is_looked_for(client, put):
    put(3)
    question = question_begin()
    PhotoFactory(listing=None, question=question, other=True, with_files=True)
    page = client.get(f"/identify/{question.pk}/cars/").content.decode()
    assert "There is no car on this photo" in page
    assert "/cars/" not in page.replace(f"/identify/{question.pk}/cars/", "").replace("then=cars", "")
