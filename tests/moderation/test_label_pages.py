"""The moderator's pages about doubtful labels."""

import pytest
from django.test import Client
from django.urls import reverse

from marketplace.moderation.labels.doubts import label_ask, label_decide
from marketplace.moderation.models import LabelReview
from tests.factories import DecisionFactory, DoubtFactory, LabelReviewFactory
from tests.pictures import jpeg

EVERY_URL = [
    ("get", "labels", False),
    ("get", "label", True),
    ("get", "label_picture", True),
    ("post", "label_decide", True),
    ("post", "label_skip", True),
]


@pytest.fixture
def asked(db):
    return LabelReviewFactory(with_files=True)


def url(name, review=None):
    return reverse(f"moderation:{name}", args=[review.pk] if review else [])


@pytest.mark.parametrize(("method", "name", "one"), EVERY_URL)
def test_it_does_not_exist_for_an_outsider(client, charlie, asked, method, name, one):
    client.force_login(charlie)
    answer = getattr(client, method)(url(name, asked if one else None), {"action": "keep", "seen": 0})
    assert answer.status_code == 404
    assert client.get(f"/media/{asked.picture.name}").status_code == 404
    asked.refresh_from_db()
    assert asked.status == "open"


@pytest.mark.parametrize(("method", "name", "one"), EVERY_URL)
def test_it_asks_a_stranger_to_sign_in(client, asked, method, name, one):
    answer = getattr(client, method)(url(name, asked if one else None))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


def test_it_changes_nothing_on_get_nor_without_the_page_s_token(bobs, bob, asked):
    assert bobs.get(url("label_decide", asked)).status_code == 405
    assert bobs.get(url("label_skip", asked)).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bob)
    assert strict.post(url("label_decide", asked), {"action": "keep", "seen": 0}).status_code == 403


def test_it_shows_photo_label_and_suggestions(bobs, asked):
    answer = bobs.get(url("labels"), follow=True)
    assert answer.redirect_chain == [(url("label", asked), 302)]
    page = answer.content.decode()
    assert "Skoda Octavia 2012: is that right?" in page
    assert url("label_picture", asked) in page
    assert "91 %" in page
    assert "2 %" in page
    assert "style=" not in page
    picture = bobs.get(url("label_picture", asked))
    assert (picture["Content-Type"], b"".join(picture.streaming_content)) == ("image/jpeg", jpeg())


def test_a_listings_photo_leads_to_its_listing(bobs, waiting):
    listing = waiting()
    photo = listing.photos.get()
    label_ask(doubt=DoubtFactory(photo=photo), picture=jpeg)
    page = bobs.get(url("labels"), follow=True).content.decode()
    assert photo.file.url in page
    assert reverse("moderation:review", args=[listing.code]) in page
    assert bobs.get(url("label_picture", LabelReview.objects.get())).status_code == 404


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"action": "keep"}, "kept", "it is a Skoda Octavia 2012"),
        ({"suggestion": "0"}, "corrected", "it is a Volvo V70 2008"),
        ({"action": "discard"}, "discarded", "the photo is left out"),
        ({"action": "no_car"}, "no_car", "it shows no car"),
    ],
)
def test_it_decides_with_one_press_and_goes_on(bobs, asked, sent, status, said):
    label_ask(doubt=DoubtFactory(sha256="next", score=0.9), picture=jpeg)
    answer = bobs.post(url("label_decide", asked), {"seen": "0", **sent}, follow=True)
    assert f"Stored: {said}." in answer.content.decode()
    assert answer.redirect_chain[-1][0] == url("label", LabelReview.objects.get(sha256="next"))
    asked.refresh_from_db()
    assert asked.status == status


def test_it_takes_another_car_found_without_javascript(bobs, asked, cars):
    page = bobs.get(url("label", asked), {"q": "fabia"}).content.decode()
    value = f"{cars['Fabia'].make_id}:{cars['Fabia'].pk}"
    assert f'name="car" value="{value}"' in page
    bobs.post(url("label_decide", asked), {"seen": "0", "car": value})
    asked.refresh_from_db()
    assert (asked.status, asked.right) == ("corrected", "Škoda Fabia")


@pytest.mark.parametrize(
    "sent",
    [{}, {"action": "burn"}, {"car": "999:1"}, {"car": "x"}, {"suggestion": "7"}, {"action": "keep", "seen": ""}],
)
def test_it_says_what_is_wrong_and_decides_nothing(bobs, asked, sent):
    answer = bobs.post(url("label_decide", asked), {"seen": "0", **sent}, follow=True)
    assert "notice--error" in answer.content.decode()
    asked.refresh_from_db()
    assert asked.status == "open"


def test_it_tells_the_second_moderator_that_they_are_late(bobs, charlie, asked):
    label_decide(review=asked, moderator=charlie, action="keep", seen=0)
    answer = bobs.post(url("label_decide", asked), {"action": "discard", "seen": "0"}, follow=True)
    assert "Too late: Charlie decided" in answer.content.decode()
    asked.refresh_from_db()
    assert asked.status == "kept"


def test_what_was_pressed_too_quickly_can_be_changed(bobs, asked):
    page = bobs.post(url("label_decide", asked), {"action": "discard", "seen": "0"}, follow=True).content.decode()
    assert "No label is in doubt" in page
    assert url("label", asked) in page
    page = bobs.get(url("label", asked)).content.decode()
    assert "the photo is left out" in page
    bobs.post(url("label_decide", asked), {"action": "keep", "seen": "1"})
    asked.refresh_from_db()
    assert asked.status == "kept"


def test_it_says_what_was_decided_about_the_same_photo_before_that_is_replaced(bobs, charlie, asked):
    another_manifest = DoubtFactory(sha256=asked.sha256, model="Fabia")
    label_ask(doubt=another_manifest, picture=jpeg)
    again = LabelReview.objects.get(model="Fabia")
    label_decide(review=asked, moderator=charlie, action="correct", seen=0, suggestion=0)
    late = bobs.post(url("label_decide", again), {"action": "keep", "seen": "0"})
    assert late.url == url("label", again)  # bob had not seen that charlie decided
    page = bobs.get(late.url).content.decode()
    assert "earlier decisions changed meanwhile" in page
    assert "When this photo was labelled Skoda Octavia 2012, Charlie decided" in page
    assert "it is a Volvo V70 2008. What you choose here replaces it." in page
    bobs.post(url("label_decide", again), {"action": "keep", "seen": "1"})
    again.refresh_from_db()
    assert again.status == "kept"


def test_it_says_that_the_label_is_a_moderators_decision_about_the_listing(bobs, bob, waiting, cars):
    listing = waiting()
    DecisionFactory(listing=listing, moderator=bob, action="correct", make=cars["V70"].make, car_model=cars["V70"])
    label_ask(doubt=DoubtFactory(photo=listing.photos.get()), picture=jpeg)
    page = bobs.get(url("labels"), follow=True).content.decode()
    assert "The label is what Bob decided about the listing" in page
    assert "Volvo V70. What you choose here counts in its place" in page


def test_it_skips_and_comes_back_when_nothing_else_is_left(bobs, asked):
    label_ask(doubt=DoubtFactory(sha256="next", score=0.9), picture=jpeg)
    other = LabelReview.objects.get(sha256="next")
    assert bobs.post(url("label_skip", asked), follow=True).redirect_chain[-1][0] == url("label", other)
    assert bobs.post(url("label_skip", other), follow=True).redirect_chain[-1][0] == url("label", asked)


def test_the_queue_of_listings_says_how_many_labels_wait(bobs, asked, waiting):
    pages = [bobs.get(reverse(f"moderation:{name}")) for name in ("next", "history")]
    pages.append(bobs.get(reverse("moderation:review", args=[waiting().code])))
    assert all("1 doubtful label" in page.content.decode() for page in pages)


def test_the_admin_lists_what_was_asked_and_changes_nothing(client, bob, asked):
    type(bob).objects.filter(pk=bob.pk).update(is_staff=True, is_superuser=True)
    client.force_login(bob)
    page = client.get("/admin/moderation/labelreview/").content.decode()
    assert "Skoda Octavia 2012" in page
    assert client.get("/admin/moderation/labelreview/add/").status_code == 403
