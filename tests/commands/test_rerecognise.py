"""manage.py rerecognise"""

import pytest

from marketplace.training.models import Rerecognition


def test_it_asks_and_says_how_far_it_is(manage, champion, waiting, monkeypatch):
    rung = []
    monkeypatch.setattr("marketplace.doorbell.app.send_task", lambda name, **_: rung.append(name))
    waiting("Octavia")
    assert manage("rerecognise", "--status").out == "Nothing was ever looked at again.\n"
    document = manage("rerecognise", "--json").document
    assert (document["version"], document["listings"], document["status"]) == (champion.version, "open", "running")
    assert (document["photos"], document["done"], document["failed"]) == (1, 0, 0)
    assert rung == ["marketplace.training.tasks.rerecognise"]
    assert manage("rerecognise", "--status", "--json").document == {"rerecognitions": [document]}
    assert "running     0 of 1 photos  open" in manage("rerecognise", "--status").out


@pytest.mark.parametrize(("option", "photos"), [("--pending", 1), ("--doubtful", 2), ("--all", 3)])
def test_it_takes_the_listings_of_its_option(manage, champion, waiting, monkeypatch, option, photos):
    from tests.moderation.conftest import verdict

    monkeypatch.setattr("marketplace.doorbell.app.send_task", lambda *_, **__: None)
    _, draft, live = (waiting("Octavia") for _ in range(3))
    type(draft).objects.filter(pk=draft.pk).update(status="draft")
    type(live).objects.filter(pk=live.pk).update(status="live")
    if option == "--doubtful":  # the others have no verdict, so they are in doubt; this one is not
        sure = waiting("Fabia", said=verdict(("Skoda", "Fabia", 0.99)))
        assert sure.status == "submitted"
    assert manage("rerecognise", option, "--json").document["photos"] == photos
    assert Rerecognition.objects.get().scope == option[2:]


def test_it_refuses_in_one_line(manage, db):
    ran = manage("rerecognise", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "No model version serves yet; run: python manage.py setup_site" in ran.line
    assert manage("rerecognise", "--all", "--pending").code == 2
