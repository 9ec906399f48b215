"""manage.py suspects: what it prints and refuses, not how it ranks."""

import csv
import hashlib

import pytest

from classifier.taxonomy import Candidate
from classifier.training.errors import TrainError
from marketplace.moderation.models import LabelReview

FIND = "marketplace.training.management.commands.suspects.suspects_find"


@pytest.fixture
def found(monkeypatch):
    """A ranking in the manifest's order whose first two labels are wrong.

    Returns the calls, a list that grows.
    """
    from classifier.training.evaluation.label_errors import Ranking, Suspect

    calls = []

    def find(*, rows, **given):
        calls.append(given)
        other = (Candidate("Volvo", "V70", "2008", 0.9),)
        digests = [hashlib.sha256(row.path.read_bytes()).hexdigest() for row in rows]
        ranked = [Suspect(at + 1, row, digests[at], at / 100, at < 2, 0.1, other) for at, row in enumerate(rows)]
        return Ranking(ranked, not_ranked=1, by="first-00000000")

    monkeypatch.setattr(FIND, find)
    return calls


def test_it_ranks_writes_and_queues(manage, champion, manifest, found, site):
    ran = manage("suspects", "--manifest", manifest("red", "lime"), "--queue", "--json")
    assert ran.code == 0
    document = ran.document
    assert (document["photos"], document["issues"], document["queued"], document["not_judged"]) == (40, 2, 2, 1)
    assert document["suspects"][0]["suggested_model"] == "V70"
    with (site / "suspects.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 40
    assert LabelReview.objects.count() == 2
    assert (found[0]["splits"], found[0]["backbone"], found[0]["champion"]) == (("train",), "champion", champion)


def test_it_queues_nothing_without_the_option(manage, champion, manifest, found, site):
    where = site / "mine.csv"
    ran = manage("suspects", "--manifest", manifest("red"), "--top", "3", "--eye", "imagenet", "-o", where)
    assert "1. lot/0.jpg: Skoda Octavia 10%; rather Volvo V70 2008 90%" in ran.out
    assert f"2 of 40 labels look wrong (1 photos could not be judged): {where}" in ran.out
    assert ran.out.count("rather") == 3
    assert found[0]["backbone"] == "imagenet"
    assert not LabelReview.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [([], "nothing to learn from"), (["--top", "0"], "--top must be 1 or more, it is 0.")],
)
def test_it_refuses_in_one_line(manage, champion, found, arguments, answer):
    ran = manage("suspects", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert answer in ran.line


def test_it_refuses_where_labels_cannot_be_ranked(manage, champion, manifest, monkeypatch):
    def refuse(**given):
        raise TrainError("1 cars with 5 photos or more")

    monkeypatch.setattr(FIND, refuse)
    ran = manage("suspects", "--manifest", manifest("red"))
    assert (ran.code, ran.line) == (2, "CommandError: 1 cars with 5 photos or more")


@pytest.mark.parametrize(("given", "asked"), [([], 0), (["queue"], 2)])
def test_retrain_takes_it_as_an_option(manage, champion, manifest, trained, found, monkeypatch, given, asked):
    from marketplace.training.management.commands import suspects as command

    trained("red", "blue")
    monkeypatch.setattr("marketplace.training.labels.suspects.suspects_find", command.suspects_find)
    lot = manifest("red", "blue")
    ran = manage("retrain", "--manifest", lot, "--recipe", "quick", "--promote", "never", "--suspects", *given)
    assert "2 of 40 labels look wrong" in ran.err
    assert LabelReview.objects.count() == asked
