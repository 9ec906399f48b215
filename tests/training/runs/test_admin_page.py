"""Runs and re-recognitions in the admin: staff see them, and nobody else does."""

import csv

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from marketplace.moderation.services import decision_make
from marketplace.training.models import TrainingRun
from tests.factories import RerecognitionFactory, TrainingRunFactory, UserFactory
from tests.training.fakes import to_train_on
from tests.training.runs.test_retrain import run

HARMFUL = "<script>alert(1)</script>"


@pytest.fixture
def staff(client, db):
    """A member of staff who may look at runs, and at nothing else."""
    user = UserFactory(staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_trainingrun"))
    client.force_login(user)
    return client


@pytest.fixture
def done(champion, manifest, trained):
    trained("red", "lime", "blue", "gray")
    return run(manifest("red", "lime", "blue", "gray")).run


def page(client, one):
    return client.get(reverse("admin:training_trainingrun_change", args=[one.pk]))


def test_a_run_s_page_shows_gates_figures_curve_and_stages(staff, done):
    TrainingRun.objects.filter(pk=done.pk).update(
        curve=[{"epoch": 1, "loss": 2.5, "val_top1": 0.5}, {"epoch": 2, "loss": 1.5, "val_top1": 0.75}],
        stages=[{"name": "rare", "before": 42, "after": 40, "words": HARMFUL}],
        gates=[*done.gates, {"name": "ece", "value": 0.061, "limit": 0.05, "passed": False, "text": HARMFUL}],
    )
    shown = page(staff, done).content.decode()
    for text in ("latency_ms", "class_fall", "FAILED", "0.061", "make and model right", "<svg", "epoch 2: loss 1.5"):
        assert text in shown, text
    assert HARMFUL not in shown
    assert "&lt;script&gt;" in shown
    assert "val_top1 0.75" in shown


def test_a_running_run_says_how_far_it_is(staff, champion):
    one = TrainingRunFactory(progress="epoch 3: 120 of 900 loss 1.2")
    assert "running (epoch 3: 120 of 900 loss 1.2)" in page(staff, one).content.decode()
    assert staff.get(reverse("admin:training_trainingrun_changelist")).status_code == 200


def test_the_report_opens_where_it_can_do_no_harm(staff, done):
    answer = staff.get(reverse("admin:training_run_file", args=[done.pk, "report.html"]))
    assert b"<h2" in b"".join(answer.streaming_content)
    policy = answer["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "allow-" not in policy
    assert "default-src 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("inline")


def test_a_run_leads_to_its_photos_and_their_decisions(staff, champion, trained, waiting, bob, site):
    decided = {}
    for _ in range(3):
        listing = to_train_on(waiting("Octavia"))
        decided[listing.code] = listing, decision_make(listing=listing, moderator=bob, action="accept")
    waiting("Fabia")  # without a decision
    trained("red", "lime", "blue")
    one = run(promote="never").run
    answer = staff.get(reverse("admin:training_run_file", args=[one.pk, "decisions.csv"]))
    assert answer["Content-Disposition"].startswith("attachment")
    row, *_ = csv.DictReader(b"".join(answer.streaming_content).decode().splitlines())
    listing, decision = decided[row["listing"]]
    photo = listing.photos.get()
    assert (row["photo"], row["file"], row["listing"]) == (str(photo.pk), photo.file.name, listing.code)
    assert (row["decision"], row["action"], row["decided_by"]) == (str(decision.pk), "accept", "Bob")
    assert (row["make"], row["model"], row["decided_at"]) == ("Škoda", "Octavia", decision.created_at.isoformat())
    manifest = staff.get(reverse("admin:training_run_file", args=[one.pk, "manifest.csv"]))
    assert photo.file.name.encode() in b"".join(manifest.streaming_content)


def test_a_version_leads_to_its_runs(client, done):
    client.force_login(UserFactory(superuser=True))
    shown = client.get(reverse("admin:registry_modelversion_change", args=[done.version.pk])).content.decode()
    for address in (
        reverse("admin:training_trainingrun_change", args=[done.pk]),
        reverse("admin:training_run_file", args=[done.pk, "manifest.csv"]),
        reverse("admin:training_run_file", args=[done.pk, "decisions.csv"]),
    ):
        assert address in shown


@pytest.mark.parametrize("name", ["lock", "checkpoint.pt", "report.html~"])
def test_no_other_file_has_an_address(staff, done, name):
    assert staff.get(reverse("admin:training_run_file", args=[done.pk, name])).status_code == 404
    assert staff.get(reverse("admin:training_run_file", args=[done.pk + 1, "report.html"])).status_code == 404


def test_outsiders_see_nothing_of_it(client, done, alice, bob, charlie):
    clerk = UserFactory(staff=True)  # without the permission
    for user in (alice, bob, charlie, clerk):
        client.force_login(user)
        expected = 403 if user == clerk else 302
        assert page(client, done).status_code == expected
        for name in ("report.html", "manifest.csv", "decisions.csv"):
            answer = client.get(reverse("admin:training_run_file", args=[done.pk, name]))
            assert answer.status_code == expected, (user, name)


def test_re_recognitions_say_how_far_they_are(client, champion):
    client.force_login(UserFactory(superuser=True))
    RerecognitionFactory(version=champion, finished=True, total=7, done=7, failed=1)
    shown = client.get(reverse("admin:training_rerecognition_changelist")).content.decode()
    assert "7 of 7, 1 could not be looked at" in shown
