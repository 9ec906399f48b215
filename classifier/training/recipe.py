"""A recipe: how a make/model classifier is trained. A small TOML file read into one dataclass."""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

RECIPES = Path(__file__).resolve().parent.parent / "recipes"


class RecipeError(Exception):
    """A recipe cannot be used; the message is one clear line."""


def _between(default: float | int, low: float, high: float) -> Any:
    return field(default=default, metadata={"range": (low, high)})


def _one_of(default: str, *others: str) -> Any:
    return field(default=default, metadata={"choices": (default, *others)})


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes a training, apart from the photos."""

    name: str = "default"
    """The artefact's name begins with it; without a `name` in the file, the file's."""
    backbone: str = "tf_efficientnet_lite0"
    """timm model name."""
    head_hidden: tuple[int, ...] = field(default=(), metadata={"range": (1, 65_536), "may_be_empty": True})
    """Widths of layers between the backbone's features and the last one, each linear, ReLU, dropout; [] = none."""
    level: str = _one_of("model", "make")
    """What the classes are: "model" (make, model and the year where photos tell it) or "make" alone."""
    input_sizes: tuple[int, ...] = field(default=(160,), metadata={"range": (32, 1024)})
    """Sides of the square input in pixels, small first, epochs shared out evenly."""
    serve_size: int = _between(0, 0, 1024)
    """The artefact's input size; 0 = the last of input_sizes. Training cuts parts out of the photo and so shows cars
    larger than serving does: a serving size some 15 % larger makes up for that (arXiv:1906.06423)."""
    serve_mirrored: bool = False
    """Serving looks at each car a second time, mirrored, and averages the two; costs as much again."""
    epochs: int = _between(12, 1, 1000)
    """Times that every training photo is seen."""
    batch: int = _between(64, 2, 4096)
    """Photos per step; several processes share them out."""
    accumulate: int = _between(1, 1, 1000)
    """Steps whose gradients are added up before the weights change: as if the batch were this many times as large."""
    sampling: str = _one_of("shuffle", "balanced")
    """"shuffle": an epoch shows every photo once; "balanced": as many photos, drawn so that every class comes as often
    as any other."""
    optimizer: str = _one_of("adamw", "sgd")
    """"adamw", or "sgd" with Nesterov's momentum. With freeze_backbone neither matters."""
    momentum: float = _between(0.9, 0, 0.999)
    """SGD's."""
    lr_backbone: float = _between(6e-4, 0, 10)
    """Peak learning rate of the pretrained layers."""
    lr_head: float = _between(4e-3, 1e-8, 10)
    """Peak learning rate of the new head, which starts from nothing."""
    weight_decay: float = _between(0.01, 0, 1)
    """On weights but not on biases and norms: AdamW's, which the learning rate scales, or SGD's, which is L2."""
    warmup_share: float = _between(0.2, 0, 0.9)
    """Share of the steps in which the learning rate rises (OneCycle)."""
    label_smoothing: float = _between(0.1, 0, 0.9)
    """How much of the target is spread over all classes."""
    dropout: float = _between(0.2, 0, 0.9)
    """Before the head, and after each of its hidden layers."""
    mixup: float = _between(0.0, 0, 5)
    """Photos are blended in pairs, shares from a Beta distribution of this alpha; 0 = off (arXiv:1710.09412)."""
    balance: float = _between(0.0, 0, 1)
    """How much rare classes count for more: weight ~ photos ** -balance. 0 = every photo, 1 = every class the same."""
    make_weight: float = _between(0.0, 0, 10)
    """How much a wrong make costs beside a wrong class; above 0, photos of models too rare for
    a class teach their make."""
    crop_scale: float = _between(0.55, 0.05, 1)
    """Training sees a random part of the photo, at least this share of its area; less is harder."""
    randaugment_ops: int = _between(2, 0, 10)
    """Operations per photo; 0 = off."""
    randaugment_magnitude: int = _between(7, 0, 30)
    """How strong they are, of 30."""
    rotation: float = _between(0.0, 0, 180)
    """Photos are turned by up to this many degrees either way."""
    colour_jitter: float = _between(0.0, 0, 1)
    """Brightness, contrast and saturation change by up to this share, the hue by a tenth of that."""
    erasing: float = _between(0.1, 0, 1)
    """Probability that a rectangle of the photo is erased."""
    ema_decay: float = _between(0.0, 0, 0.99999)
    """Moving average of the weights that becomes the artefact; 0 = off. At first it forgets faster, so that a short
    training does not end as its own beginning."""
    min_photos_per_class: int = _between(5, 1, 100_000)
    """Classes with fewer training photos are left out."""
    min_photos_of_rest: int = _between(0, 0, 100_000)
    """Models with too few photos for a class are taught together as another model of their make, where they have at
    least this many photos; 0 = off. It teaches the network to leave a model open (arXiv:1812.04606)."""
    freeze_backbone: bool = False
    """Compute features once, train only a new linear head on them."""
    start: str = _one_of("imagenet", "starter", "champion", "nothing")
    """Where the weights come from: "imagenet"; "starter" (the artefact that comes with the project, where it has this
    backbone: what it knows of the classes stays in the head, too); "champion" (backbone, size, level and classes of
    the serving model, which is extended; needs freeze_backbone); "nothing" (random weights: much worse, but can be had
    anywhere)."""
    average_with_start: bool = False
    """The artefact's weights lie on the line between start's and those learned, where held-out photos like them best
    (arXiv:2109.01903); needs start = "starter"."""
    ensemble_with: str = _one_of("nothing", "champion", "starter")
    """The artefact is the new network and the serving model's, or that of the one that comes with the project, side by
    side: the mean of their answers. Needs their classes and their input size; costs the time of both."""
    freeze_stages: int = _between(0, 0, 100)
    """Stages of the backbone, from the photo's side, that stay as they are: faster on a CPU."""
    unfreeze_every: int = _between(0, 0, 1000)
    """Gradual unfreezing: the head learns alone for this many epochs, then one more stage of the backbone joins it
    every so many epochs, from the top; 0 = all learn from the start."""
    crop_margin: float = _between(0.05, 0, 1)
    """The car's box grows on each side by this share of its size; travels with the artefact."""
    max_minutes: float = _between(0.0, 0, 100_000)
    """End cleanly after this time with the best so far; 0 = no limit."""
    patience: int = _between(0, 0, 1000)
    """End after this many epochs without a better one on the held-out photos; 0 = off."""
    seed: int = _between(0, 0, 2**31 - 1)
    """Of weights, order and augmentation."""

    @property
    def input_size(self) -> int:
        """The artefact's input size in pixels."""
        return self.serve_size or self.input_sizes[-1]

    def size_at(self, epoch: int, epochs: int | None = None) -> int:
        """The input size of an epoch, 0 first, of `epochs` (the recipe's own unless a run says otherwise).

        A run of fewer epochs than sizes drops the small ones: the last epoch is always at the largest.
        """
        total = epochs or self.epochs
        sizes = self.input_sizes[-total:]
        return sizes[min(epoch * len(sizes) // total, len(sizes) - 1)]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and for recipe_from_dict."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def recipe_names() -> list[str]:
    """The recipes that come with the project."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def recipe_load(name_or_path: str | Path) -> Recipe:
    """Read a recipe by its name ("default") or a TOML file's path. Raises RecipeError."""
    given = str(name_or_path)
    named = not (given.endswith(".toml") or "/" in given)
    path = RECIPES / f"{given}.toml" if named else Path(given)
    if named and not path.is_file():
        known = recipe_names()
        raise RecipeError(f"no recipe {given!r}{_nearest(given, known)}; there are {', '.join(known)}, or a .toml file")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: is not text in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: is not TOML: {error}") from error
    try:
        return recipe_from_dict({"name": path.stem, **values})
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def recipe_write(path: Path, recipe: Recipe, *, comment: str) -> None:
    """Write a recipe as recipe_load reads it, under a line of comment. Raises OSError."""
    lines = [f"# {comment}", *(f"{key} = {json.dumps(value)}" for key, value in recipe.as_dict().items())]
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def recipe_from_dict(values: Mapping[str, object]) -> Recipe:
    """Check values and make a recipe of them; what is not given keeps its default. Raises RecipeError."""
    known: dict[str, Field[Any]] = {one.name: one for one in fields(Recipe)}
    for key in values:
        if key not in known:
            raise RecipeError(f"unknown key {key!r}{_nearest(key, list(known))}")
    recipe = Recipe(**{key: _checked(known[key], value) for key, value in values.items()})
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", recipe.name):
        raise RecipeError(f"name {recipe.name!r} must be lower-case letters, digits, dots, dashes")
    if recipe.start == "champion" and not recipe.freeze_backbone:
        raise RecipeError("start = 'champion' needs freeze_backbone = true: only the head is extended")
    if not recipe.backbone:
        raise RecipeError("backbone must name a timm model")
    if list(recipe.input_sizes) != sorted(recipe.input_sizes):
        raise RecipeError(f"input_sizes must rise, they are {list(recipe.input_sizes)}")
    if recipe.serve_size and (recipe.freeze_backbone or recipe.serve_size < recipe.input_sizes[-1]):
        raise RecipeError("serve_size must be at least the last of input_sizes, and 0 with freeze_backbone")
    if recipe.freeze_backbone and len(recipe.input_sizes) > 1:
        raise RecipeError("input_sizes must be one size with freeze_backbone: features are computed once")
    _check_freezing(recipe)
    if recipe.average_with_start and (recipe.start != "starter" or recipe.freeze_backbone):
        raise RecipeError("average_with_start needs start = 'starter', all of which goes on learning")
    if recipe.ensemble_with != "nothing" and recipe.freeze_backbone:
        raise RecipeError("ensemble_with needs a network that learned by itself: not with freeze_backbone")
    if "+" in recipe.backbone:
        raise RecipeError("backbone must be one timm model: ensemble_with sets it beside another")
    if recipe.level == "make" and recipe.min_photos_of_rest:
        raise RecipeError("min_photos_of_rest is for level = 'model': makes have no rest")
    return recipe


def recipe_override(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """The recipe with other values, each written "KEY=VALUE" as in TOML; text needs no quotes. Raises RecipeError."""
    values: dict[str, object] = {}
    for setting in settings:
        key, sign, value = setting.partition("=")
        if not sign or not key.strip():
            raise RecipeError(f"{setting!r} is not KEY=VALUE, as in epochs=5")
        values[key.strip()] = _value(value.strip())
    return recipe_from_dict({**recipe.as_dict(), **values})


def _value(text: str) -> object:
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return found["value"] if len(found) == 1 else text


def _check_freezing(recipe: Recipe) -> None:
    if recipe.freeze_backbone and recipe.head_hidden:
        raise RecipeError("head_hidden must be [] with freeze_backbone: only a linear head is fitted to features")
    if recipe.freeze_backbone and recipe.unfreeze_every:
        raise RecipeError("unfreeze_every must be 0 with freeze_backbone, which never unfreezes")
    if recipe.start == "nothing" and (recipe.freeze_backbone or recipe.freeze_stages or recipe.unfreeze_every):
        raise RecipeError("start = 'nothing' leaves nothing worth freezing: freeze_* and unfreeze_every must be off")


def _checked(one: Field[Any], value: object) -> Any:
    """The value as the field's type; annotations are strings here, see the __future__ import."""
    wanted = str(one.type)
    if wanted == "tuple[int, ...]":
        empty = isinstance(value, list | tuple) and not value and not one.metadata.get("may_be_empty")
        if not isinstance(value, list | tuple) or empty or not all(_is(item, int) for item in value):
            raise RecipeError(f"{one.name} must be a list of whole numbers, it is {value!r}")
        for item in value:
            _in_range(one, item)
        return tuple(value)
    if wanted == "float" and _is(value, int | float):
        return float(_in_range(one, value))
    if wanted == "int" and _is(value, int):
        return _in_range(one, value)
    choices = one.metadata.get("choices", ())
    if choices and isinstance(value, str) and value not in choices:
        listed = ", ".join(f"'{choice}'" for choice in choices[:-1])
        raise RecipeError(f"{one.name} must be {listed} or '{choices[-1]}', it is {value!r}")
    if (wanted == "str" and isinstance(value, str)) or (wanted == "bool" and isinstance(value, bool)):
        return value
    words = {"float": "a number", "int": "a whole number", "str": "text", "bool": "true or false"}
    raise RecipeError(f"{one.name} must be {words[wanted]}, it is {value!r}")


def _is(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)  # to Python true is the number 1, here it is not


def _in_range(one: Field[Any], value: Any) -> Any:
    low, high = one.metadata["range"]
    if not (math.isfinite(value) and low <= value <= high):
        raise RecipeError(f"{one.name} must lie between {low} and {high}, it is {value}")
    return value


def _nearest(name: str, known: list[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {found[0]!r}?)" if found else ""
