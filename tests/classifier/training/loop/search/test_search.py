"""The search of a recipe: it begins with the recipe, continues its study, and prunes."""

import math
from dataclasses import replace

import optuna
import pytest

from classifier.training.loop.search.search import SearchError, Span, search, space_default, space_parse
from classifier.training.progress import Silent
from classifier.training.recipe import RecipeError, recipe_load

BASE = recipe_load("trial")
BEST_RATE = 2e-3
RATES = {"lr_backbone": Span(1e-4, 1e-2, log=True)}


def score(recipe):
    """Best where the backbone learns at BEST_RATE."""
    return 1 - 0.2 * abs(math.log(recipe.lr_backbone / BEST_RATE))


class Trainings:
    """Answers at once, and remembers what it was asked."""

    def __init__(self, dies_at=None):
        self.recipes, self._dies_at = [], dies_at

    def __call__(self, recipe, tell):
        self.recipes.append(recipe)
        if len(self.recipes) == self._dies_at:
            raise KeyboardInterrupt
        for epoch in (1, 2, 3):
            tell(epoch, score(recipe) * epoch / 3)
        return score(recipe)


def searched(file, trainings, *, trials=4, space=RATES, base=BASE, identity="these photos", minutes=None):
    return search(
        base=base, space=space, train_one=trainings, file=file, identity=identity, trials=trials, minutes=minutes,
        progress=Silent(),
    )  # fmt: skip


def test_it_begins_with_the_recipe_as_it_is_and_finds_a_better_one(tmp_path):
    trainings = Trainings()
    found = searched(tmp_path / "study", trainings, trials=20)
    assert trainings.recipes[0] == BASE
    assert found.base_top1 == pytest.approx(score(BASE))
    assert found.top1 > found.base_top1
    assert found.recipe == replace(BASE, lr_backbone=found.recipe.lr_backbone)
    assert len(found.trials) == 20


def test_it_goes_on_where_it_stopped(tmp_path):
    first, more = Trainings(), Trainings()
    searched(tmp_path / "study", first, trials=3)
    found = searched(tmp_path / "study", more, trials=5)
    assert len(more.recipes) == 2
    assert len({recipe.lr_backbone for recipe in first.recipes + more.recipes}) == 5, "none was tried twice"
    assert len(found.trials) == 5


def test_it_tries_again_what_was_killed(tmp_path):
    dying = Trainings(dies_at=2)
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "study", dying)
    after = Trainings()
    searched(tmp_path / "study", after, trials=2)
    assert after.recipes == dying.recipes[1:]


def test_it_ends_trials_that_lag_behind(tmp_path):
    found = searched(tmp_path / "study", Trainings(), trials=16)
    pruned = [one for one in found.trials if one.pruned]
    assert pruned
    assert all(one.epochs < 3 for one in pruned)


def test_it_ends_with_the_time(tmp_path):
    with pytest.raises(SearchError, match="no trial came to its end in this time"):
        searched(tmp_path / "study", Trainings(), minutes=1e-9)


@pytest.mark.parametrize("other", [{"identity": "other photos"}, {"base": replace(BASE, dropout=0.3)}])
def test_it_mixes_no_results_that_cannot_be_compared(tmp_path, other):
    searched(tmp_path / "study", Trainings(), trials=1)
    with pytest.raises(SearchError, match="is a study of other photos, recipe or ranges"):
        searched(tmp_path / "study", Trainings(), **other)


def test_it_says_that_a_file_is_no_study(tmp_path):
    (tmp_path / "study").write_text("no journal\n")
    with pytest.raises(SearchError, match="is not a study"):
        searched(tmp_path / "study", Trainings())


def test_the_serving_size_keeps_its_proportion(tmp_path):
    trainings = Trainings()
    base = replace(BASE, input_sizes=(160, 224), serve_size=256)
    searched(tmp_path / "study", trainings, trials=12, base=base, space=space_parse(["input_sizes=160+224,128"], base))
    assert {(one.input_sizes, one.serve_size) for one in trainings.recipes} == {((160, 224), 256), ((128,), 160)}


def test_the_usual_space_holds_every_recipe_as_it_is():
    for name in ("default", "starter", "trial"):
        base = recipe_load(name)
        for field, where in space_default(base).items():
            if isinstance(where, Span):
                assert where.low <= getattr(base, field) <= where.high
            else:
                assert where[0] == "+".join(map(str, base.input_sizes))


def test_it_reads_what_an_operator_wants_searched():
    space = space_parse(["lr_head=0.001:0.02", "mixup=0,0.2", "erasing"], BASE)
    assert space == {"lr_head": Span(0.001, 0.02, log=True), "mixup": ("0", "0.2"), "erasing": Span(0.0, 0.4)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("rate=1:2", "cannot search 'rate'; there are accumulate"),
        ("dropout", "say where dropout may lie: dropout=LOW:HIGH or dropout=A,B,C"),
        ("dropout=0.5:0.1", "the first number must be the smaller one"),
        ("dropout=low:high", "LOW:HIGH must be numbers"),
        ("dropout=0.1,much", "dropout: 'much' is not a value for it"),
        ("dropout=0.1:3", "dropout must lie between 0 and 0.9, it is 3"),
    ],
)
def test_it_says_what_cannot_be_searched(given, message):
    with pytest.raises((SearchError, RecipeError), match=message):
        space_parse([given], BASE)


def test_optuna_stays_quiet(tmp_path, capfd):
    searched(tmp_path / "study", Trainings(), trials=2)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING
