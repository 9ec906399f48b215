"""A recipe: how a make/model classifier is trained. A small TOML file read into one dataclass.

What people write (a file, KEY=VALUE, the values of a search) is checked by pydantic. What code
makes of a recipe with dataclasses.replace is not: extending a champion of two networks side by side
takes a backbone that no file may name.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from classifier.durable import file_write

RECIPES = Path(__file__).resolve().parent.parent / "recipes"


class RecipeError(Exception):
    """A recipe cannot be used; the message is one clear line."""


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes a training, apart from the photos."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: Annotated[StrictStr, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")] = "default"
    """The artefact's name begins with it; without a `name` in the file, the file's."""
    backbone: StrictStr = "tf_efficientnet_lite0"
    """timm model name."""
    head_hidden: tuple[Annotated[StrictInt, Field(ge=1, le=65_536)], ...] = ()
    """Widths of layers between the backbone's features and the last one, each linear, ReLU,
    dropout; [] = none."""
    level: Literal["model", "make"] = "model"
    """What the classes are: "model" (make, model and the year where photos tell it) or "make"
    alone."""
    input_sizes: Annotated[tuple[Annotated[StrictInt, Field(ge=32, le=1024)], ...], Field(min_length=1)] = (160,)
    """Sides of the square input in pixels, small first, epochs shared out evenly."""
    serve_size: Annotated[StrictInt, Field(ge=0, le=1024)] = 0
    """The artefact's input size; 0 = the last of input_sizes. Training cuts parts out of the photo
    and so shows cars larger than serving does: a serving size some 15 % larger makes up for that
    (arXiv:1906.06423)."""
    serve_mirrored: StrictBool = False
    """Serving looks at each car a second time, mirrored, and averages the two; costs twice."""
    epochs: Annotated[StrictInt, Field(ge=1, le=1000)] = 12
    """Times that every training photo is seen."""
    batch: Annotated[StrictInt, Field(ge=2, le=4096)] = 64
    """Photos per step; several processes share them out."""
    accumulate: Annotated[StrictInt, Field(ge=1, le=1000)] = 1
    """Steps whose gradients are added up before the weights change: as if the batch were this many
    times as large."""
    repeats: Annotated[StrictInt, Field(ge=1, le=1000)] = 1
    """Passes over the photos that make an epoch. Between epochs there is a pause of a second or
    two, until the first pictures are ready: a GPU that needs no longer for a pass wants more."""
    sampling: Literal["shuffle", "balanced"] = "shuffle"
    """"shuffle": an epoch shows every photo once; "balanced": as many photos, drawn so that every
    class comes as often as any other."""
    source_balance: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.0
    """How much photos of small sources are shown more often: a source of n photos is drawn as
    n ** (1 - source_balance). 0 = every photo as often, 1 = every source as often."""
    view_balance: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.0
    """The same for the sides from which cars are seen, as the attribute classifier tells them:
    sellers take fronts, and rears and sides are half as often right. Mirrored views count as
    one."""
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """"adamw", or "sgd" with Nesterov's momentum. With freeze_backbone neither matters."""
    momentum: Annotated[StrictFloat, Field(ge=0, le=0.999)] = 0.9
    """SGD's."""
    lr_backbone: Annotated[StrictFloat, Field(ge=0, le=10)] = 6e-4
    """Peak learning rate of the pretrained layers."""
    lr_head: Annotated[StrictFloat, Field(ge=1e-8, le=10)] = 4e-3
    """Peak learning rate of the new head, which starts from nothing."""
    weight_decay: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.01
    """On weights but not on biases and norms: AdamW's, which the learning rate scales, or SGD's,
    which is L2."""
    warmup_share: Annotated[StrictFloat, Field(ge=0, le=0.9)] = 0.2
    """Share of the steps in which the learning rate rises (OneCycle)."""
    label_smoothing: Annotated[StrictFloat, Field(ge=0, le=0.9)] = 0.1
    """How much of the target is spread over all classes."""
    dropout: Annotated[StrictFloat, Field(ge=0, le=0.9)] = 0.2
    """Before the head, and after each of its hidden layers."""
    mixup: Annotated[StrictFloat, Field(ge=0, le=5)] = 0.0
    """Photos are blended in pairs, shares from a Beta distribution of this alpha; 0 = off
    (arXiv:1710.09412)."""
    balance: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.0
    """How much rare classes count for more: weight ~ photos ** -balance. 0 = every photo, 1 = every
    class the same."""
    make_weight: Annotated[StrictFloat, Field(ge=0, le=10)] = 0.0
    """How much a wrong make costs beside a wrong class; above 0, photos of models too rare for
    a class teach their make."""
    crop_scale: Annotated[StrictFloat, Field(ge=0.05, le=1)] = 0.55
    """Training sees a random part of the photo, at least this share of its area; less is harder."""
    randaugment_ops: Annotated[StrictInt, Field(ge=0, le=10)] = 2
    """Operations per photo; 0 = off."""
    randaugment_magnitude: Annotated[StrictInt, Field(ge=0, le=30)] = 7
    """How strong they are, of 30."""
    rotation: Annotated[StrictFloat, Field(ge=0, le=180)] = 0.0
    """Photos are turned by up to this many degrees either way."""
    colour_jitter: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.0
    """Brightness, contrast and saturation change by up to this share, the hue by a tenth."""
    erasing: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.1
    """Probability that a rectangle of the photo is erased."""
    degrade: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.0
    """Share of the photos that are made as bad as sellers' are: of few pixels, blurred, compressed,
    dark, tinted, watermarked, partly hidden."""
    ema_decay: Annotated[StrictFloat, Field(ge=0, le=0.99999)] = 0.0
    """Moving average of the weights that becomes the artefact; 0 = off. At first it forgets faster,
    so that a short training does not end as its own beginning."""
    min_photos_per_class: Annotated[StrictInt, Field(ge=1, le=100_000)] = 5
    """Classes with fewer training photos are left out."""
    min_photos_of_rest: Annotated[StrictInt, Field(ge=0, le=100_000)] = 0
    """Models with too few photos for a class are learned together as another model of their make,
    where they have at least this many photos; 0 = off. The network learns to leave a model open
    (arXiv:1812.04606)."""
    freeze_backbone: StrictBool = False
    """Compute features once, train only a new linear head on them."""
    start: Literal["imagenet", "starter", "champion", "nothing"] = "imagenet"
    """Where the weights come from: "imagenet"; "starter" (the artefact that comes with the project,
    where it has this backbone: what it knows of the classes stays in the head, too); "champion"
    (backbone, size, level and classes of the serving model, which is extended; needs
    freeze_backbone); "nothing" (random weights: much worse, but can be had anywhere)."""
    average_with_start: StrictBool = False
    """The artefact's weights lie on the line between start's and those learned, where held-out
    photos like them best (arXiv:2109.01903); needs start = "starter"."""
    ensemble_with: Literal["nothing", "champion", "starter"] = "nothing"
    """The artefact is the new network and the serving model's, or that of the one that comes with
    the project, side by side: the mean of their answers. Needs their classes and their input size;
    costs the time of both."""
    freeze_stages: Annotated[StrictInt, Field(ge=0, le=100)] = 0
    """Stages of the backbone, from the photo's side, that stay as they are: faster on a CPU."""
    unfreeze_every: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    """Gradual unfreezing: the head learns alone for this many epochs, then one more stage of the
    backbone joins it every so many epochs, from the top; 0 = all learn from the start."""
    crop_margin: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.05
    """The car's box grows on each side by this share of its size; travels with the artefact."""
    max_minutes: Annotated[StrictFloat, Field(ge=0, le=100_000)] = 0.0
    """End cleanly after this time with the best so far; 0 = no limit."""
    patience: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    """End after this many epochs without a better one on the held-out photos; 0 = off."""
    seed: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] = 0
    """Of weights, order and augmentation."""

    @field_validator("backbone")
    @classmethod
    def _backbone_is_one(cls, value: str) -> str:
        if not value:
            raise ValueError("backbone must name a timm model")
        if "+" in value:
            raise ValueError("backbone must be one timm model: ensemble_with sets it beside another")
        return value

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if list(self.input_sizes) != sorted(self.input_sizes):
            raise ValueError(f"input_sizes must rise, they are {list(self.input_sizes)}")
        if self.serve_size and (self.freeze_backbone or self.serve_size < self.input_sizes[-1]):
            raise ValueError("serve_size must be at least the last of input_sizes, and 0 with freeze_backbone")
        if self.freeze_backbone and len(self.input_sizes) > 1:
            raise ValueError("input_sizes must be one size with freeze_backbone: features are computed once")
        return self

    @model_validator(mode="after")
    def _freezing_fits(self) -> Self:
        if self.start == "champion" and not self.freeze_backbone:
            raise ValueError("start = 'champion' needs freeze_backbone = true: only the head is extended")
        if self.freeze_backbone and self.head_hidden:
            raise ValueError("head_hidden must be [] with freeze_backbone: only a linear head is fitted to features")
        if self.freeze_backbone and self.unfreeze_every:
            raise ValueError("unfreeze_every must be 0 with freeze_backbone, which never unfreezes")
        if self.start == "nothing" and (self.freeze_backbone or self.freeze_stages or self.unfreeze_every):
            raise ValueError("start = 'nothing' leaves nothing worth freezing: freeze_* and unfreeze_every must be off")
        return self

    @model_validator(mode="after")
    def _start_and_partner_fit(self) -> Self:
        if self.average_with_start and (self.start != "starter" or self.freeze_backbone):
            raise ValueError("average_with_start needs start = 'starter', all of which goes on learning")
        if self.ensemble_with != "nothing" and self.freeze_backbone:
            raise ValueError("ensemble_with needs a network that learned by itself: not with freeze_backbone")
        if self.level == "make" and self.min_photos_of_rest:
            raise ValueError("min_photos_of_rest is for level = 'model': makes have no rest")
        return self

    @property
    def input_size(self) -> int:
        """The artefact's input size in pixels."""
        return self.serve_size or self.input_sizes[-1]

    def size_at(self, epoch: int, epochs: int | None = None) -> int:
        """The input size of an epoch, 0 first, of `epochs` (the recipe's own unless a run says
        otherwise).

        A run of fewer epochs than sizes drops the small ones: the last epoch is always at the
        largest.
        """
        total = epochs or self.epochs
        sizes = self.input_sizes[-total:]
        return sizes[min(epoch * len(sizes) // total, len(sizes) - 1)]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON and for recipe_from_dict."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


_CHECKED = TypeAdapter(Recipe)


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
    file_write(path, ("\n".join(lines) + "\n").encode())


def recipe_from_dict(values: Mapping[str, object]) -> Recipe:
    """Check values and make a recipe of them; what is not given keeps its default. Raises
    RecipeError."""
    try:
        return _CHECKED.validate_python(dict(values))
    except ValidationError as error:
        # One line says one thing, and a misspelt key before a wrong value.
        found = sorted(error.errors(), key=lambda one: one["type"] != "unexpected_keyword_argument")
        raise RecipeError(_line(found[0], values)) from error


def recipe_override(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """The recipe with other values, each written "KEY=VALUE" as in TOML; text needs no quotes.
    Raises RecipeError."""
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


def _line(error: ErrorDetails, values: Mapping[str, object]) -> str:
    """What pydantic found, in our words."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    name = str(error["loc"][0])
    given = values[name]
    schema = _CHECKED.json_schema()["properties"]
    match error["type"]:
        case "unexpected_keyword_argument":
            return f"unknown key {name!r}{_nearest(name, list(schema))}"
        case "greater_than_equal" | "less_than_equal" | "finite_number":
            limits = schema[name].get("items", schema[name])
            return f"{name} must lie between {limits['minimum']} and {limits['maximum']}, it is {error['input']}"
        case "literal_error":
            return f"{name} must be {error['ctx']['expected']}, it is {given!r}"
        case "string_pattern_mismatch":
            return f"{name} {given!r} must be lower-case letters, digits, dots, dashes"
    kinds = {"array": "a list of whole numbers", "integer": "a whole number", "number": "a number", "string": "text"}
    return f"{name} must be {kinds.get(schema[name]['type'], 'true or false')}, it is {given!r}"


def _nearest(name: str, known: list[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {found[0]!r}?)" if found else ""
