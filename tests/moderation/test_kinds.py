"""Photos drawn at random, labelled with what they show, and exported."""

import pytest
from django.urls import reverse

from marketplace.moderation.labels.kinds import (
    KindRefused,
    kind_label,
    kind_next,
    kind_undo,
    kinds_draw,
    kinds_progress,
)
from marketplace.moderation.models import KindLabel
from marketplace.moderation.services import decision_make
from marketplace.training.labels.export import labels_export
from tests.factories import ListingFactory, PhotoFactory


@pytest.fixture
def photos(alice):
    """Two of a listing on sale, one of a draft, which is private."""
    live = ListingFactory(seller=alice, live=True)
    PhotoFactory(listing=ListingFactory(seller=alice, draft=True), done=True, with_files=True)
    return [PhotoFactory(listing=live, with_files=True, **{kind: True}) for kind in ("done", "interior")]


def test_drawn_at_random_once_and_never_from_a_draft(photos):
    assert kinds_draw() == 2
    assert kinds_draw() == 0
    assert {one.photo for one in KindLabel.objects.all()} == set(photos)
    assert kinds_progress().total == 2


def test_the_second_who_labels_a_photo_is_told(photos, bob, charlie):
    kinds_draw(number=1)
    one = kind_next()
    kind_label(label=one, moderator=bob, kind="detail")
    with pytest.raises(KindRefused, match="Somebody else"):
        kind_label(label=one, moderator=charlie, kind="other")
    with pytest.raises(KindRefused, match="Choose"):
        kind_label(label=one, moderator=bob, kind="boat")
    assert kind_undo(moderator=bob) == one
    assert kind_next() == one
    with pytest.raises(KindRefused, match="nothing to undo"):
        kind_undo(moderator=bob)


def test_the_page_with_and_without_htmx(photos, bobs, charlie, client, alice):
    page = reverse("moderation:kinds")
    assert "Draw 500 photos at random" in bobs.get(page).content.decode()
    assert "2 photos drawn." in bobs.post(reverse("moderation:kinds_draw"), follow=True).content.decode()
    first, second = KindLabel.objects.all()
    address = reverse("moderation:kind_label", args=[first.pk])
    part = bobs.post(address, {"kind": "exterior", "ahead": second.pk}, headers={"HX-Request": "true"})
    assert (part.status_code, "<html" in part.content.decode()) == (200, False)
    assert reverse("moderation:kind_label", args=[second.pk]) in part.content.decode()
    assert "Somebody else" in bobs.post(address, {"kind": "other"}, follow=True).content.decode()
    last = bobs.post(reverse("moderation:kind_label", args=[second.pk]), {"kind": "interior"}, follow=True)
    assert "All that were drawn are labelled." in last.content.decode()
    assert kinds_progress().done == 2
    back = bobs.post(reverse("moderation:kind_undo")).content.decode()
    assert reverse("moderation:kind_label", args=[second.pk]) in back
    for person in (charlie, alice):
        client.force_login(person)
        assert client.get(page).status_code == 404


def test_answers_are_exported_and_no_class_learns_from_what_is_no_exterior(waiting, bob, tmp_path, photos):
    listing = waiting("Octavia")
    decision_make(listing=listing, moderator=bob, action="accept")
    kinds_draw()
    inside = KindLabel.objects.get(photo__listing=listing)
    for one in KindLabel.objects.all():
        kind_label(label=one, moderator=bob, kind="interior" if one == inside else one.predicted)
    done = labels_export(path=tmp_path / "manifest.csv")
    assert done.photos == 3
    rows = [line.split(",") for line in (tmp_path / "manifest.csv").read_text().splitlines()]
    kinds = sorted(row[rows[0].index("kind")] for row in rows[1:])
    assert kinds == ["exterior", "interior", "interior"]
    assert not any("Octavia" in row for row in rows[1:])
    assert kinds_progress().right == 2
