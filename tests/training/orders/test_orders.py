"""A training that an operator asks for: one at a time, worked off, cancelled, watched."""

import fcntl
import sys
import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from marketplace.training.models import TrainingOrder, TrainingRun
from marketplace.training.orders import worker
from marketplace.training.orders.services import OrderRefused, order_cancel, order_claim, order_request, order_start
from marketplace.training.orders.watch import trainings_watch
from marketplace.training.orders.worker import orders_work_off
from marketplace.training.runs.records import RunClosed, run_end
from tests.factories import TrainingRunFactory
from tests.training.runs.test_retrain import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def rings(monkeypatch):
    rung = []
    monkeypatch.setattr("marketplace.doorbell.app.send_task", lambda name, **_: rung.append(name))
    return rung


@pytest.fixture
def start(bob, rings):
    def ask(**fields):
        asked = {"recipe": "quick", "decisions": True, "manifest": "", "max_minutes": 30, "promote": "auto"}
        return order_start(**asked | fields, by=bob)

    return ask


@pytest.fixture
def trains(monkeypatch):
    """``trains("code")``: what the training's process does instead."""
    monkeypatch.setattr(worker, "die_with_parent", lambda _: None)
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.1)

    def make(code):
        monkeypatch.setattr(worker, "_command", lambda _: [sys.executable, "-c", code])

    return make


def silent(one, **ago):
    type(one).objects.filter(pk=one.pk).update(alive_at=timezone.now() - timedelta(**ago))


def test_it_rings_for_the_training_worker(start, rings, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        order = start()
    assert (order.status, rings) == ("waiting", ["marketplace.training.tasks.train"])


def test_there_is_one_at_a_time_and_the_refusal_says_which(start, bob):
    first = start()
    with pytest.raises(OrderRefused, match=rf"order {first.pk} \(quick\), started by .*\. Wait for it, or cancel it"):
        start()
    order_cancel(order=first, by=bob)
    TrainingRunFactory(operator="olga")
    with pytest.raises(OrderRefused, match=r"run \d+ \(default\) runs since .* UTC, started by olga with a command"):
        start()
    TrainingRun.objects.all().delete()
    assert start().pk != first.pk


def test_an_order_says_what_the_run_is_to_do(start, site):
    (site / "manifests").mkdir()
    (site / "manifests" / "lot.csv").touch()
    order = start(manifest="lot.csv", decisions=False, promote="never")
    asked = order_request(order)
    assert asked.photos.manifests == [site / "manifests" / "lot.csv"]
    assert (asked.photos.decisions, asked.max_minutes, asked.promote, asked.order) == (False, 30, "never", order.pk)
    order.manifest = "other.csv"
    with pytest.raises(OrderRefused, match=r"There is no other\.csv in .*manifests"):
        order_request(order)


def test_two_workers_do_not_take_the_same_order(start):
    order = start()
    assert order_claim() == order
    assert order_claim() is None


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("print('epoch 1')", "done", ""),
        ("raise SystemExit(1)", "done", ""),  # a gate was not passed
        ("import sys; sys.exit('CommandError: There are no photos to learn from.')", "done", ""),
        ("import sys; print('There are no photos.', file=sys.stderr); sys.exit(2)", "failed", "There are no photos."),
        ("import os; os.kill(os.getpid(), 9)", "failed", "Its process was ended by signal 9."),
    ],
)
def test_the_worker_runs_a_process_and_keeps_how_it_ended(start, trains, site, code, status, error):
    order = start()
    trains(code)
    assert orders_work_off() == 1
    order.refresh_from_db()
    assert (order.status, order.error, order.is_open) == (status, error, None)


def test_a_cancelled_training_is_interrupted_and_its_run_says_by_whom(start, trains, site, bob, monkeypatch):
    order = start()
    trains("import time; print('epoch 1', flush=True); time.sleep(60)")
    one = TrainingRunFactory(order=order)
    look = TrainingOrder.refresh_from_db
    monkeypatch.setattr(
        TrainingOrder,
        "refresh_from_db",
        lambda self, *a, **k: (
            TrainingOrder.objects.filter(cancel_asked_at=None).update(cancel_asked_at=timezone.now(), cancelled_by=bob),
            look(self, *a, **k),
        )[1],
    )
    orders_work_off()
    order.refresh_from_db()
    one.refresh_from_db()
    assert (order.status, one.status, one.error) == ("cancelled", "failed", f"Cancelled by {bob}.")


def test_a_training_that_ignores_the_end_of_its_time_is_killed(start, trains, site, monkeypatch):
    monkeypatch.setattr(worker, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(worker, "GRACE_MINUTES", -30)  # its time is up at once
    order = start()
    trains("import signal, time; signal.signal(2, signal.SIG_IGN); time.sleep(60)")
    began = time.monotonic()
    orders_work_off()
    order.refresh_from_db()
    assert order.status == "failed"
    assert order.error == "It had not ended an hour after its time limit, and was stopped."
    assert time.monotonic() - began < 30


def test_what_is_over_cannot_be_cancelled(start, bob):
    order = order_cancel(order=start(), by=bob)
    assert (order.status, order.cancelled_by) == ("cancelled", bob)
    with pytest.raises(OrderRefused, match="over already"):
        order_cancel(order=order, by=bob)


def test_an_order_whose_worker_is_gone_is_closed_within_a_minute(start, rings):
    order = start()
    order_claim()
    silent(order, seconds=20)
    trainings_watch()
    order.refresh_from_db()
    assert order.status == "running"
    silent(order, seconds=35)
    trainings_watch()
    order.refresh_from_db()
    assert (order.status, order.error) == ("failed", "Its worker was ended on the way. Start it again.")


def test_an_order_that_nobody_took_is_rung_for_again(start, rings):
    start()
    rings.clear()
    trainings_watch()
    assert rings == ["marketplace.training.tasks.train"]


def test_a_killed_run_is_noticed_without_a_next_start(site, rings):
    one = TrainingRunFactory(process_id=4711)
    silent(one, seconds=35)
    trainings_watch()  # nobody holds the lock
    one.refresh_from_db()
    assert (one.status, one.error) == ("failed", "Its process (4711) ended on the way.")


def test_a_run_whose_process_lives_is_left_alone_unless_it_is_silent_for_minutes(site, rings):
    (site / "runs").mkdir()
    one = TrainingRunFactory()
    with (site / "runs" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        silent(one, seconds=60)
        trainings_watch()
        one.refresh_from_db()
        assert one.status == "running"
        silent(one, minutes=4)
        trainings_watch()
    one.refresh_from_db()
    assert one.status == "failed"
    assert one.error.startswith("No sign of life since ")
    with pytest.raises(RunClosed, match="ended meanwhile"):
        run_end(run=one, status="done", promoted=True)
    one.refresh_from_db()
    assert (one.status, one.promoted) == ("failed", False)


def test_a_run_that_was_closed_meanwhile_promotes_nothing(champion, manifest, trained, monkeypatch):
    from marketplace.registry.selectors import champion_get
    from marketplace.training.runs import services

    trained("red", "lime", "blue", "gray")
    train = services._train

    def closed_meanwhile(**given):
        TrainingRun.objects.update(status="failed", error="Cancelled by bob.")
        return train(**given)

    monkeypatch.setattr(services, "_train", closed_meanwhile)
    with pytest.raises(RunClosed):
        run(manifest("red", "lime", "blue", "gray", cars=80))
    assert champion_get() == champion
    assert TrainingRun.objects.get().error == "Cancelled by bob."


def test_the_process_of_an_order_trains_and_links_the_run(start, champion, trained, manifest, site, monkeypatch, bob):
    niced = []
    monkeypatch.setattr("os.nice", niced.append)
    trained("red", "lime", "blue", "gray")
    lot = manifest("red", "lime", "blue", "gray", cars=80)
    lot.parent.rename(site / "manifests")
    (site / "manifests" / "manifest.csv").rename(site / "manifests" / "lot.csv")
    order = start(manifest="lot.csv", recipe="quick")
    call_command("train_order", str(order.pk))
    one = TrainingRun.objects.get()
    assert (one.order, one.by, one.promoted, niced) == (order, bob, True, [19])
