"""What buyers like to see: ticked as the photos are recognised, and never in the seller's way."""

import pytest

from classifier.attributes import KINDS, VIEWS
from marketplace.photos.checklist import VIEW_BELIEVED, VIEWS_WANTED, WANTED_OF, checklist_of
from marketplace.photos.models import Photo
from marketplace.photos.selectors import photos_of
from tests.factories import ModelVersionFactory, PhotoFactory, PredictionFactory

HTMX = {"HX-Request": "true"}


def test_the_database_knows_the_kinds_that_the_classifier_says():
    assert tuple(Photo.Kind.values) == KINDS


@pytest.fixture
def add(listing):
    """``add("front-left")``: a recognised photo, without any picture behind it."""

    def make(view="", sure=0.9, **fields):
        photo = PhotoFactory(listing=listing, done=True, **fields)
        if photo.outcome == "ok":
            version = ModelVersionFactory(version="tiny-00000000")
            PredictionFactory(photo=photo, model_version=version, view=view, view_confidence=sure if view else None)
        return photo

    return make


@pytest.fixture
def ticked(listing):
    def read():
        return [view.words for view in checklist_of(photos=photos_of(listing=listing)).views if view.seen]

    return read


@pytest.fixture
def told(listing):
    return lambda: checklist_of(photos=photos_of(listing=listing)).told


def test_every_view_that_the_classifier_knows_ticks_something():
    assert sorted(WANTED_OF) == sorted(VIEWS)
    assert sum(len(views) for views in VIEWS_WANTED.values()) == len(VIEWS)


def test_either_side_will_do(add, ticked):
    add("front-right"), add("side-left"), add("side-right")
    assert ticked() == ["front corner", "side"]


def test_an_interior_counts_and_a_detail_does_not(add, ticked):
    add(outcome="not_usable", kind="detail")
    assert ticked() == []
    add(outcome="not_usable", kind="interior")
    assert ticked() == ["interior"]


@pytest.mark.parametrize(("sure", "seen"), [(VIEW_BELIEVED, ["rear"]), (VIEW_BELIEVED - 0.01, [])])
def test_a_view_is_believed_from_half_on(add, ticked, sure, seen):
    add("rear", sure)
    assert ticked() == seen


def test_it_names_what_is_missing(add, told):
    assert told().startswith("Each is ticked")
    for view in ("front", "front-left", "side-right", "rear-left"):
        add(view)
    assert told() == "Not seen yet: the rear and the interior. They help, but you can submit without them."
    add("rear")
    assert told() == "Not seen yet: the interior. It helps, but you can submit without it."
    add(outcome="not_usable", kind="interior")
    assert told() == "All there: buyers can look around the whole car."


def test_nothing_is_called_missing_while_a_photo_is_looked_at(add, told):
    add("front"), add(status="pending", outcome="", kind="")
    assert told() == "Ticked as we look at your photos."


def test_a_photo_that_failed_says_nothing_and_holds_nothing_up(add, ticked, told):
    add("front"), add(status="failed", outcome="unreadable", kind="")
    assert ticked() == ["front"]
    assert told().startswith("Not seen yet")


def test_a_model_that_tells_no_views_calls_none_missing(add, listing, client, alice):
    add(), add(outcome="not_usable", kind="interior")
    assert checklist_of(photos=photos_of(listing=listing)) is None
    client.force_login(alice)
    assert "What buyers like to see" not in client.get(f"/sell/{listing.code}/").content.decode()
    add("front")  # by a newer one
    assert checklist_of(photos=photos_of(listing=listing)) is not None


def test_it_is_on_the_page_and_ticked_with_the_tiles(client, alice, listing, add):
    client.force_login(alice)
    assert "None of them is a must." in client.get(f"/sell/{listing.code}/").content.decode()
    photo = add("rear-left", status="pending", kind="")
    page = client.get(f"/sell/{listing.code}/photos/tiles/", headers=HTMX).content.decode()
    assert 'Rear corner<span class="visually-hidden">: not seen yet</span>' in page
    Photo.objects.filter(pk=photo.pk).update(status="done", kind="exterior")
    page = client.get(f"/sell/{listing.code}/photos/tiles/", headers=HTMX).content.decode()
    assert 'Rear corner<span class="visually-hidden">: there</span>' in page
    assert '<span class="soft">Rear corner</span>' in page  # at the tile, too
    assert page.count("Not seen yet: the front, the front corner, the side, the rear and the interior.") == 2  # aloud
    assert client.get(f"/sell/{listing.code}/").content.decode().count("Not seen yet: ") == 1


def test_the_outsider_sees_nobodys_checklist(client, charlie, listing, add):
    add("front")
    client.force_login(charlie)
    assert client.get(f"/sell/{listing.code}/").status_code == 404
    assert client.get(f"/sell/{listing.code}/photos/tiles/", headers=HTMX).status_code == 404
