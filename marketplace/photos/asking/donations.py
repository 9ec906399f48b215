"""Photos that visitors give for training: only if they say so, with the date and the words.

What is given is kept. A moderator names the car first (marketplace.moderation.labels.donations);
without that nothing learns from it.
"""

from django.db.models import Q, QuerySet
from django.utils import timezone

from marketplace.photos.models import Photo, Question

TERMS = "2026-11"
"""Which wording of templates/photos/asking/_terms.html the donor agreed to; stored with it."""
LEARNABLE = Q(outcome=Photo.Outcome.OK)


def question_donate(*, question: Question) -> None:
    """The visitor gives the photos; a second time changes nothing."""
    Question.objects.filter(pk=question.pk, donated_at=None).update(donated_at=timezone.now(), donated_terms=TERMS)
    question.refresh_from_db()


def question_take_back(*, question: Question) -> None:
    """The visitor thinks better of it, while the page is there: the photos go with it."""
    Question.objects.filter(pk=question.pk).update(donated_at=None, donated_terms="")
    question.refresh_from_db()


def photos_donated() -> QuerySet[Photo]:
    """What was given and shows a car."""
    return Photo.objects.filter(LEARNABLE, question__donated_at__isnull=False)
