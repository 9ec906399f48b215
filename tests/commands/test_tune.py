"""manage.py tune: what it prints, writes and refuses, not how it searches."""

from dataclasses import replace

import pytest

from classifier.training.recipe import recipe_load


@pytest.fixture
def found(monkeypatch):
    """A search that takes no time. Returns its calls, a list that grows."""
    from classifier.training.loop.search.search import Found, Trial

    calls = []

    def tune(**given):
        calls.append(given)
        best = replace(given["request"].recipe, lr_head=0.009)
        trials = [
            Trial(0, {"lr_head": 0.004}, 0.5, 12, pruned=False),
            Trial(1, {"lr_head": 0.02}, 0.2, 3, pruned=True),
            Trial(2, {"lr_head": 0.009}, 0.625, 12, pruned=False),
        ]
        return Found(recipe=best, top1=0.625, base_top1=0.5, trials=trials)

    monkeypatch.setattr("classifier.training.loop.search.tune.tune", tune)
    return calls


def test_it_writes_the_best_recipe_for_retrain(manage, champion, manifest, found, site):
    ran = manage(
        "tune", "--manifest", manifest("red", "lime", "blue"), "--recipe", "trial", "--set", "batch=16", "--json"
    )
    assert ran.code == 0
    assert (ran.document["val_top1"], ran.document["base_val_top1"]) == (0.625, 0.5)
    assert [one["ended_early"] for one in ran.document["trials"]] == [False, True, False]
    written = recipe_load(ran.document["recipe"])
    assert written == replace(recipe_load("trial"), name="trial-tuned", batch=16, lr_head=0.009)
    assert {"lr_backbone", "weight_decay", "mixup", "input_sizes"} <= set(found[0]["space"])


def test_it_says_for_people_what_it_gained(manage, champion, manifest, found):
    ran = manage(
        "tune", "--manifest", manifest("red", "lime", "blue"), "--search", "lr_head=0.001:0.02", "--trials", "3"
    )
    assert "3 trials, 1 of them ended early" in ran.out
    assert "The recipe as it was: 0.5000 of the val photos right; the best: 0.6250" in ran.out
    assert "Train with it: retrain --recipe " in ran.out
    assert set(found[0]["space"]) == {"lr_head"}
    assert found[0]["trials"] == 3


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--trials", "0"], "--trials must be more than 0, it is 0."),
        (["--minutes-each", "nan"], "--minutes-each must be more than 0, it is nan."),
        (["--recipe", "brazl"], "no recipe 'brazl'"),
        (["--search", "lr=1:2"], "cannot search 'lr'"),
        (["--output", "best.txt"], "best.txt must be a .toml file in a folder that is there."),
        ([], "There is nothing to learn from"),
    ],
)
def test_it_refuses_in_one_line(manage, champion, found, arguments, answer):
    ran = manage("tune", *arguments, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert answer in ran.line
    assert found == []


def test_it_waits_for_no_other_training(manage, champion, manifest, found):
    from marketplace.training.runs.records import training_lock

    with training_lock():
        ran = manage("tune", "--manifest", manifest("red", "lime", "blue"))
    assert ran.code == 2
    assert "Another training is running" in ran.line
