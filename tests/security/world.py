"""The people and things that rows.py names."""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.urls import reverse
from django.utils import timezone

from marketplace.moderation.catalogue.services import models_merge, proposal_make
from marketplace.moderation.models import KindLabel
from marketplace.operator_pages.models import PageText
from marketplace.photos.asking.services import question_begin
from marketplace.trade.messages.services import message_send
from marketplace.trade.models import Report
from marketplace.trade.offers.services import offer_make
from marketplace.trade.searches.services import search_save
from tests.factories import (
    CarModelFactory,
    LabelReviewFactory,
    ListingFactory,
    PhotoFactory,
    ThreadFactory,
    UserFactory,
)
from tests.security.rows import Row


@pytest.fixture
def people(alice, bob):
    """In the order of the letters; None is a visitor."""
    return {
        "visitor": None,
        "owner": alice,
        "other seller": UserFactory(email="erin@example.org"),
        "buyer": UserFactory(email="dora@example.org"),
        "moderator": bob,
        "operator": UserFactory(email="olga@example.org", superuser=True),
    }


@pytest.fixture
def world(people):
    """What the rows' words mean."""
    alice, dora = people["owner"], people["buyer"]
    ListingFactory(seller=people["other seller"], live=True)
    made = SimpleNamespace(
        draft=ListingFactory(seller=alice, draft=True),
        deleted=ListingFactory(seller=alice, deleted=True),
        live=ListingFactory(seller=alice, live=True),
        submitted=ListingFactory(seller=alice, submitted=True),
    )
    photo = PhotoFactory(listing=made.draft, done=True, with_files=True)
    thread = ThreadFactory(listing=made.live, buyer=dora)
    asked = PhotoFactory(listing=None, question=question_begin(), done=True, with_files=True)
    search = search_save(person=dora, query="q=golf", often="daily")
    return {
        **{name: listing.code for name, listing in vars(made).items()},
        "make": made.live.make.slug,
        "model": made.live.car_model.slug,
        "photo": photo.pk,
        "removed_photo": PhotoFactory(
            listing=None, removed_from=made.draft, removed_at=timezone.now(), with_files=True
        ).pk,
        "file": PhotoFactory(listing=made.live, done=True, with_files=True).file.name,
        "question": asked.question_id,
        "asked_photo": asked.pk,
        "waiting_photo": PhotoFactory(listing=made.submitted, done=True, with_files=True).pk,
        "thread": thread.code,
        "message": message_send(thread=thread, by=dora, text="Hello").pk,
        "offer": offer_make(thread=thread, by=dora, price=5000).pk,
        "search": search.pk,
        "token": search.token,
        "seller": alice.pk,
        "label": LabelReviewFactory(with_files=True).pk,
        "report": Report.objects.create(listing=made.live, reason="fraud").pk,
        "page_text": PageText.objects.create(page="privacy", language="en-gb", text="New").pk,
        "session": UserSession.objects.create(user=alice, ip="192.0.2.1", session_key=uuid4().hex).pk,
        "merge": _merge(people["operator"]).pk,
        "proposal": proposal_make(make="Škoda", name="Elroq", by=people["moderator"]).pk,
        "kind": KindLabel.objects.create(photo=photo, predicted="exterior").pk,
        "key": uuid4().hex,
        "section": "cars",
    }


def _merge(operator):
    one, into = CarModelFactory(make__name="Škoda", name="Oktavia"), CarModelFactory(make__name="Škoda", name="Octavia")
    return models_merge(car_model=one, into=into, by=operator)


def path_of(row: Row, world) -> str:
    if "/" in row.name:
        return f"/{row.name}"
    return reverse(row.name, kwargs={name: world[word] for name, word in row.kwargs.items()})
