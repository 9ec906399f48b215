"""Recipes: the ones that ship, and clear errors."""

import json
from dataclasses import replace

import pytest

from classifier.training.recipe import (
    Recipe,
    RecipeError,
    recipe_from_dict,
    recipe_load,
    recipe_names,
    recipe_override,
)


@pytest.mark.parametrize("name", recipe_names())
def test_it_loads_every_recipe_that_ships(name):
    recipe = recipe_load(name)
    assert recipe.name == name
    assert recipe_from_dict(recipe.as_dict()) == recipe


def test_quick_freezes_the_backbone_and_default_does_not():
    assert recipe_load("quick").freeze_backbone
    assert not recipe_load("default").freeze_backbone


def test_it_loads_a_file_named_after_it(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("epochs = 3\ninput_sizes = [128, 192]\nlr_head = 1\n")
    recipe = recipe_load(file)
    assert (recipe.name, recipe.epochs, recipe.input_size, recipe.lr_head) == ("mine", 3, 192, 1.0)
    assert recipe_load(str(file)) == recipe


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 3}, "unknown key 'epoch' (did you mean 'epochs'?)"),
        ({"zzz": 3}, "unknown key 'zzz'"),
        ({"epochs": "3"}, "epochs must be a whole number, it is '3'"),
        ({"epochs": True}, "epochs must be a whole number, it is True"),
        ({"epochs": 0}, "epochs must lie between 1 and 1000, it is 0"),
        ({"dropout": 1.5}, "dropout must lie between 0 and 0.9, it is 1.5"),
        ({"dropout": float("nan")}, "dropout must lie between 0 and 0.9, it is nan"),
        ({"freeze_backbone": 1}, "freeze_backbone must be true or false, it is 1"),
        ({"backbone": 3}, "backbone must be text, it is 3"),
        ({"backbone": ""}, "backbone must name a timm model"),
        ({"input_sizes": 224}, "input_sizes must be a list of whole numbers, it is 224"),
        ({"input_sizes": []}, "input_sizes must be a list of whole numbers, it is []"),
        ({"input_sizes": [8]}, "input_sizes must lie between 32 and 1024, it is 8"),
        ({"input_sizes": [224, 160]}, "input_sizes must rise, they are [224, 160]"),
        (
            {"input_sizes": [160, 224], "freeze_backbone": True},
            "input_sizes must be one size with freeze_backbone: features are computed once",
        ),
        (
            {"input_sizes": [160], "serve_size": 128},
            "serve_size must be at least the last of input_sizes, and 0 with freeze_backbone",
        ),
        ({"optimizer": "adam"}, "optimizer must be 'adamw' or 'sgd', it is 'adam'"),
        ({"start": "zero"}, "start must be 'imagenet', 'starter', 'champion' or 'nothing', it is 'zero'"),
        ({"head_hidden": 1024}, "head_hidden must be a list of whole numbers, it is 1024"),
        ({"head_hidden": [0]}, "head_hidden must lie between 1 and 65536, it is 0"),
        (
            {"head_hidden": [8], "freeze_backbone": True},
            "head_hidden must be [] with freeze_backbone: only a linear head is fitted to features",
        ),
        (
            {"start": "nothing", "unfreeze_every": 1},
            "start = 'nothing' leaves nothing worth freezing: freeze_* and unfreeze_every must be off",
        ),
        (
            {"average_with_start": True},
            "average_with_start needs start = 'starter', all of which goes on learning",
        ),
        (
            {"ensemble_with": "starter", "freeze_backbone": True},
            "ensemble_with needs a network that learned by itself: not with freeze_backbone",
        ),
        ({"backbone": "resnet50+resnet18"}, "backbone must be one timm model: ensemble_with sets it beside another"),
        ({"level": "make", "min_photos_of_rest": 4}, "min_photos_of_rest is for level = 'model': makes have no rest"),
        ({"name": "My Recipe"}, "name 'My Recipe' must be lower-case letters, digits, dots, dashes"),
    ],
)
def test_it_says_what_is_wrong(values, message):
    with pytest.raises(RecipeError) as caught:
        recipe_from_dict(values)
    assert str(caught.value) == message


def test_it_names_the_file_and_the_recipes_there_are(tmp_path):
    with pytest.raises(
        RecipeError,
        match=r"no recipe 'defualt' \(did you mean 'default'\?\); there are brands, brazil, default, europe, quick, st",
    ):
        recipe_load("defualt")
    with pytest.raises(RecipeError, match=r"gone\.toml: cannot be read \(No such file or directory\)"):
        recipe_load(tmp_path / "gone.toml")
    (tmp_path / "broken.toml").write_text("epochs = ")
    with pytest.raises(RecipeError, match=r"broken\.toml: is not TOML"):
        recipe_load(tmp_path / "broken.toml")
    (tmp_path / "typo.toml").write_text("lr_heads = 1.0")
    with pytest.raises(RecipeError, match=r"typo\.toml: unknown key 'lr_heads' \(did you mean 'lr_head'\?\)"):
        recipe_load(tmp_path / "typo.toml")


def test_single_values_are_overridden_as_toml_and_text_needs_no_quotes():
    given = ["epochs=2", "input_sizes=[64, 96]", "optimizer=sgd", "lr_head = 1e-3", 'start="nothing"', "head_hidden=[]"]
    recipe = recipe_override(recipe_load("default"), given)
    assert (recipe.epochs, recipe.input_sizes, recipe.optimizer, recipe.lr_head) == (2, (64, 96), "sgd", 1e-3)
    assert (recipe.start, recipe.head_hidden, recipe.name) == ("nothing", (), "default")
    assert recipe_override(recipe, []) == recipe


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs", "'epochs' is not KEY=VALUE, as in epochs=5"),
        ("=5", "'=5' is not KEY=VALUE, as in epochs=5"),
        ("epoch=5", "unknown key 'epoch' (did you mean 'epochs'?)"),
        ("epochs=many", "epochs must be a whole number, it is 'many'"),
        ("epochs=5\nbatch=4", "epochs must be a whole number, it is '5\\nbatch=4'"),
        ("batch=0", "batch must lie between 2 and 4096, it is 0"),
    ],
)
def test_a_wrong_override_is_refused_as_a_wrong_recipe_is(setting, message):
    with pytest.raises(RecipeError) as caught:
        recipe_override(Recipe(), [setting])
    assert str(caught.value) == message


def test_its_dict_has_its_own_order_and_number_kinds_whatever_was_given():
    """It is part of a training's fingerprint: a run that goes on must find it as it was."""
    given = recipe_from_dict({"seed": 1, "lr_head": 1, "input_sizes": (64,), "name": "mine"})
    plain = {**Recipe().as_dict(), "name": "mine", "input_sizes": [64], "lr_head": 1.0, "seed": 1}
    assert json.dumps(given.as_dict()) == json.dumps(plain)


def test_what_code_makes_of_a_recipe_is_not_held_to_what_a_file_may_say():
    """Extending a champion of two networks takes its backbone, which no file may name."""
    assert replace(Recipe(), backbone="one+another").backbone == "one+another"
    with pytest.raises(RecipeError, match="backbone must be one timm model"):
        recipe_from_dict(replace(Recipe(), backbone="one+another").as_dict())


def test_small_sizes_come_first_and_the_last_epoch_is_at_the_artefacts_size():
    recipe = Recipe(input_sizes=(128, 160, 224), epochs=6)
    assert [recipe.size_at(epoch) for epoch in range(6)] == [128, 128, 160, 160, 224, 224]
    assert [recipe.size_at(epoch, 1) for epoch in range(1)] == [224]
    assert [recipe.size_at(epoch, 2) for epoch in range(2)] == [160, 224]


def test_the_artefacts_size_is_the_last_of_the_sizes_unless_serving_asks_for_more():
    assert Recipe(input_sizes=(128, 160)).input_size == 160
    assert Recipe(input_sizes=(128, 160), serve_size=192).input_size == 192
