"""The operators' pages: start a training, follow and cancel it, promote and roll back."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from marketplace.registry.models import Promotion
from marketplace.registry.selectors import champion_get
from marketplace.training.models import TrainingOrder, TrainingRun
from tests.factories import TrainingRunFactory, UserFactory
from tests.training.runs.test_retrain import run

START = "admin:training_order_start"
ASKED = {"recipe": "quick", "decisions": "on", "manifest": "", "max_minutes": "30", "promote": "auto"}


@pytest.fixture
def operator(db):
    user = UserFactory(email="olga@example.org", superuser=True)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    return browser


@pytest.fixture
def onlooker(db):
    """A member of staff who may look at trainings and versions, and change nothing."""
    user = UserFactory(email="otto@example.org", staff=True)
    names = ("view_trainingorder", "view_trainingrun", "view_promotion")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture(autouse=True)
def rings(monkeypatch):
    monkeypatch.setattr("marketplace.doorbell.app.send_task", lambda *_, **__: None)


def post(browser, address, fields, at=None):
    """As a person does: with the token of the page on which the button is."""
    page = browser.get(at or address)
    assert "csrfmiddlewaretoken" in page.content.decode()
    return browser.post(address, {**fields, "csrfmiddlewaretoken": browser.cookies["csrftoken"].value})


def order_page(order):
    return reverse("admin:training_trainingorder_change", args=[order.pk])


def test_an_operator_starts_follows_and_cancels_a_training(operator):
    assert reverse(START) in operator.get(reverse("admin:training_trainingorder_changelist")).content.decode()
    answer = post(operator, reverse(START), ASKED)
    order = TrainingOrder.objects.get()
    assert answer["Location"] == order_page(order)
    TrainingOrder.objects.filter(pk=order.pk).update(status="running")
    TrainingRunFactory(order=order, progress="epoch 3: 120 of 900", curve=[{"epoch": 1, "loss": 2.5}])
    page = operator.get(order_page(order))
    assert page["Refresh"] == "5"
    assert "running: epoch 3: 120 of 900" in page.content.decode()
    assert "<svg" in page.content.decode()
    cancel = reverse("admin:training_order_cancel", args=[order.pk])
    assert cancel in page.content.decode()
    post(operator, cancel, {}, at=order_page(order))
    order.refresh_from_db()
    assert order.cancel_asked_at
    TrainingOrder.objects.filter(pk=order.pk).update(status="cancelled", is_open=None)
    page = operator.get(order_page(order))
    assert "Refresh" not in page
    assert cancel not in page.content.decode()


def test_a_second_training_is_refused_in_words(operator):
    post(operator, reverse(START), ASKED)
    answer = post(operator, reverse(START), ASKED)
    assert answer.status_code == 422
    assert "One training at a time" in answer.content.decode()
    assert TrainingOrder.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("manifest", "../../etc/passwd", "without a folder"),
        ("manifest", ".csv", "without a folder"),
        ("max_minutes", "0", "greater than or equal to 1"),
        ("decisions", "", "Choose what to learn from"),
        ("recipe", "/etc/hosts", "Select a valid choice"),
    ],
)
def test_nonsense_is_refused(operator, field, value, words):
    answer = post(operator, reverse(START), {name: text for name, text in (ASKED | {field: value}).items() if text})
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_whoever_may_only_look_changes_nothing(onlooker, operator, champion):
    post(operator, reverse(START), ASKED)
    order = TrainingOrder.objects.get()
    one = TrainingRunFactory(done=True, version=champion)
    page = onlooker.get(order_page(order))
    assert page.status_code == 200
    assert "cancel/" not in page.content.decode()
    for name, args in (
        ("training_order_start", []),
        ("training_order_cancel", [order.pk]),
        ("training_run_promote", [one.pk]),
        ("training_run_rollback", []),
    ):
        assert onlooker.post(reverse(f"admin:{name}", args=args), {"reason": "mine"}).status_code == 403
    assert operator.get(reverse("admin:training_order_cancel", args=[order.pk])).status_code == 405


def test_an_operator_promotes_with_a_reason_and_undoes_it(operator, champion, manifest, trained):
    trained("red", "lime", "blue", "gray")
    one = run(manifest("red", "lime", "blue", "gray", cars=80), promote="never").run
    one = TrainingRun.objects.get(pk=one.pk)
    page = operator.get(reverse("admin:training_trainingrun_change", args=[one.pk])).content.decode()
    address = reverse("admin:training_run_promote", args=[one.pk])
    assert address in page
    assert "Say why" in post(operator, address, {"reason": " "}).content.decode()
    assert champion_get() == champion
    post(operator, address, {"reason": "better on vans"})
    assert champion_get() == one.version
    done = Promotion.objects.latest("pk")
    assert (done.reason, done.by.email) == ("better on vans", "olga@example.org")
    post(operator, reverse("admin:training_run_rollback"), {"reason": "slow"})
    assert champion_get() == champion
    assert Promotion.objects.latest("pk").reason == "slow"


def test_gates_that_failed_take_a_further_yes(operator, champion, manifest, trained):
    trained("red", "gray")
    one = run(manifest("red", "lime", "blue")).run
    address = reverse("admin:training_run_promote", args=[one.pk])
    answer = post(operator, address, {"reason": "I know"})
    assert answer.status_code == 422
    assert "top1_difference" in answer.content.decode()
    assert champion_get() == champion
    post(operator, address, {"reason": "I know", "force": "on"})
    assert champion_get() == one.version
