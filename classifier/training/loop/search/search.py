"""Hyperparameter search: learning rates, weight decay, augmentation, resolution.

Optuna proposes values, a training returns its share of val photos right, and trials that lag behind
are pruned. A study lies in one file and continues where it stopped. Test photos are never used.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from classifier.training.errors import TrainError
from classifier.training.progress import Progress
from classifier.training.recipe import Recipe, recipe_from_dict

Value = float | int | str | bool
Report = Callable[[int, float], None]
"""epoch (1, 2 …), share of val photos right; raises optuna.TrialPruned if the trial is to end."""
Train = Callable[[Recipe, Report], float]
"""Trains by a recipe, reports each epoch, and returns the best share of val photos right."""

PATIENT_TRIALS = 4
"""This many trials run to their end before any is pruned."""
NOT_SEARCHED = {
    "name", "backbone", "level", "start", "freeze_backbone", "seed", "epochs", "max_minutes", "average_with_start",
    "ensemble_with",
}  # fmt: skip
"""Fields that change what is trained, or that are applied after the last epoch."""
OF_SIZES = (0.8, 1.0, 1.25)
"""Resolutions to try, as shares of the recipe's own."""


class SearchError(TrainError):
    """A search cannot start or continue; the message is one clear line."""


@dataclass(frozen=True)
class Span:
    """Numbers between two limits, both included."""

    low: float
    high: float
    log: bool = False
    """Whether values are drawn on a logarithmic scale."""


Space = Mapping[str, Span | tuple[str, ...]]
"""Recipe field → a span of values, or choices as they are written on the command line."""


@dataclass(frozen=True)
class Trial:
    """One recipe that was tried."""

    number: int
    values: dict[str, Value]
    top1: float | None
    """Share of val photos right; of a pruned trial in its last epoch."""
    epochs: int
    """Epochs that were reported."""
    pruned: bool


@dataclass(frozen=True)
class Found:
    """What a search found."""

    recipe: Recipe
    """The best one: the base with the best trial's values."""
    top1: float
    base_top1: float | None
    """Of the base as it is, which is the first trial; None if that did not end."""
    trials: list[Trial]


def space_default(base: Recipe) -> dict[str, Span | tuple[str, ...]]:
    """Learning rates, weight decay, augmentation and resolution, around the recipe's values."""
    usual = {
        "lr_backbone": Span(1e-4, 3e-3, log=True),
        "lr_head": Span(5e-4, 2e-2, log=True),
        "weight_decay": Span(1e-3, 0.2, log=True),
        "crop_scale": Span(0.25, 0.8),
        "mixup": Span(0.0, 0.4),
        "erasing": Span(0.0, 0.4),
        "randaugment_magnitude": Span(3, 12),
    }
    sizes = [base.input_sizes, *(_scaled(base.input_sizes, share) for share in OF_SIZES)]
    spans: dict[str, Span | tuple[str, ...]] = {name: _around(getattr(base, name), one) for name, one in usual.items()}
    return {**spans, "input_sizes": tuple(dict.fromkeys(_written(one) for one in sizes))}


def space_parse(given: Sequence[str], base: Recipe) -> dict[str, Span | tuple[str, ...]]:
    """The space that an operator asks for, as in "lr_head=0.001:0.01" or "input_sizes=160,160+224".

    A field without values ("erasing") gets those of space_default. Raises SearchError.
    """
    known = {one.name for one in fields(Recipe)} - NOT_SEARCHED
    usual, space = space_default(base), dict[str, Span | tuple[str, ...]]()
    for text in given:
        name, separator, values = (part.strip() for part in text.partition("="))
        if name not in known:
            raise SearchError(f"cannot search {name!r}; there are {', '.join(sorted(known))}")
        if not separator:
            if name not in usual:
                raise SearchError(f"say where {name} may lie: {name}=LOW:HIGH or {name}=A,B,C")
            space[name] = usual[name]
            continue
        low, colon, high = values.partition(":")
        space[name] = _span(text, low, high) if colon else tuple(one.strip() for one in values.split(","))
        for value in _ends(space[name]):
            _with(base, {name: _read(base, name, value)})
    return space


def search(
    *,
    base: Recipe,
    space: Space,
    train_one: Train,
    file: Path,
    identity: str,
    trials: int,
    minutes: float | None = None,
    progress: Progress,
) -> Found:
    """Try recipes until there are `trials`, earlier calls included, or the minutes are over.

    file: the study's journal, created if it does not exist; only one process may use it at a time.
    identity: what makes results comparable (photos, epochs …); a study with another identity, base
    or space is refused. A trial that was killed is tried again. Raises SearchError, and whatever
    train_one raises.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = _open(file, base=base, space=space, identity=identity)
    _again_what_was_killed(study)
    until = time.monotonic() + minutes * 60 if minutes else math.inf
    while len(_ended(study)) < trials and time.monotonic() < until:
        trial = study.ask()
        recipe = _with(base, {name: _suggest(trial, base, name, where) for name, where in space.items()})
        changed = {name: value for name, value in _values(recipe, space).items() if value != _values(base, space)[name]}
        listed = ", ".join(f"{name} {value}" for name, value in changed.items()) or "the recipe as it is"
        progress.say(f"trial {len(_ended(study)) + 1} of {trials}: {listed}")
        try:
            top1 = train_one(recipe, _reporter(trial))
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
            progress.say("  ended early: others were further by then")
        else:
            study.tell(trial, top1)
            progress.say(f"  {top1:.4f} of the val photos right; best so far {study.best_value:.4f}")
    return _found(study, base, space)


def _open(file: Path, *, base: Recipe, space: Space, identity: str) -> optuna.Study:
    wanted = json.dumps([identity, base.as_dict(), _plain(space)], sort_keys=True)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(file)))
        study = optuna.create_study(
            study_name=file.stem, storage=storage, direction="maximize", load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=PATIENT_TRIALS, n_warmup_steps=1),
        )  # fmt: skip
        if not study.user_attrs:
            study.set_user_attr("of", wanted)
            study.enqueue_trial(_as_parameters(base, space))  # so that a search never ends below where it began
    except OSError as error:
        raise SearchError(f"{file}: cannot be written ({error.strerror})") from error
    except ValueError as error:  # the file is no journal
        raise SearchError(f"{file}: is not a study; remove it to start anew") from error
    if study.user_attrs["of"] != wanted:
        raise SearchError(f"{file}: is a study of other photos, recipe or ranges; name another one")
    # With the seed alone, a continued study would get the proposals of its beginning again.
    study.sampler = optuna.samplers.TPESampler(seed=base.seed + len(study.trials))
    return study


def _again_what_was_killed(study: optuna.Study) -> None:
    """A killed process leaves its trial running: try its values again, from its checkpoint."""
    for trial in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _reporter(trial: optuna.Trial) -> Report:
    def report(epoch: int, top1: float) -> None:
        trial.report(top1, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    return report


def _suggest(trial: optuna.Trial, base: Recipe, name: str, where: Span | tuple[str, ...]) -> Any:
    if isinstance(where, tuple):
        return _read(base, name, trial.suggest_categorical(name, where))
    if _whole(base, name):
        return trial.suggest_int(name, int(where.low), int(where.high), log=where.log)
    return trial.suggest_float(name, where.low, where.high, log=where.log)


def _ended(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE, TrialState.PRUNED])


def _found(study: optuna.Study, base: Recipe, space: Space) -> Found:
    ended = _ended(study)
    whole = [one for one in ended if one.state == TrialState.COMPLETE]
    if not whole:
        raise SearchError("no trial came to its end in this time: give it more minutes, or fewer epochs")
    best = max(whole, key=lambda one: (one.value or 0.0, -one.number))
    return Found(
        recipe=_tried(base, best),
        top1=float(best.value or 0.0),
        base_top1=next((one.value for one in whole if _tried(base, one) == base), None),
        trials=[
            Trial(
                number=one.number,
                values=dict(one.params),
                top1=one.value if one.value is not None else next(reversed(one.intermediate_values.values()), None),
                epochs=len(one.intermediate_values),
                pruned=one.state == TrialState.PRUNED,
            )
            for one in ended
        ],
    )


def _tried(base: Recipe, trial: optuna.trial.FrozenTrial) -> Recipe:
    return _with(base, {name: _read(base, name, value) for name, value in trial.params.items()})


def _with(base: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The base with other values; serve_size scales with the largest input. Raises RecipeError."""
    changed = {**base.as_dict(), **values}
    if "input_sizes" in values and base.serve_size:
        share = values["input_sizes"][-1] / base.input_sizes[-1]
        changed["serve_size"] = _rounded(base.serve_size * share)
    return recipe_from_dict(changed)


def _as_parameters(recipe: Recipe, space: Space) -> dict[str, Value]:
    """The recipe's own values as a study writes them; outside the space the nearest one in it."""
    own: dict[str, Value] = {}
    for name, where in space.items():
        value = getattr(recipe, name)
        if isinstance(where, Span):
            inside = min(max(value, where.low), where.high)
            own[name] = int(inside) if _whole(recipe, name) else float(inside)
        else:
            own[name] = next((one for one in where if _read(recipe, name, one) == value), where[0])
    return own


def _values(recipe: Recipe, space: Space) -> dict[str, str]:
    return {name: _text(getattr(recipe, name)) for name in space}


def _plain(space: Space) -> dict[str, Any]:
    return {name: asdict(where) if isinstance(where, Span) else list(where) for name, where in space.items()}


def _around(value: float, span: Span) -> Span:
    """The span, widened to the recipe's own value; a logarithmic one is not widened to 0."""
    if span.log and value <= 0:
        return span
    return Span(min(span.low, value), max(span.high, value), span.log)


def _span(text: str, low: str, high: str) -> Span:
    try:
        first, last = float(low), float(high)
    except ValueError as error:
        raise SearchError(f"{text!r}: LOW:HIGH must be numbers") from error
    if not (math.isfinite(first) and math.isfinite(last) and first < last):
        raise SearchError(f"{text!r}: the first number must be the smaller one")
    return Span(first, last, log=first > 0 and last / first >= 10)  # a decade


def _ends(where: Span | tuple[str, ...]) -> list[str]:
    return list(where) if isinstance(where, tuple) else [f"{where.low:g}", f"{where.high:g}"]


def _read(base: Recipe, name: str, text: Value) -> Any:
    """A choice as the field's value: "160+224" → (160, 224). The recipe refuses invalid ones."""
    now = getattr(base, name)
    if not isinstance(text, str):
        return text
    if isinstance(now, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(now, str):
        return text
    try:
        if isinstance(now, tuple):
            return tuple(int(part) for part in text.split("+"))
        return int(text) if _whole(base, name) else float(text)
    except ValueError as error:
        raise SearchError(f"{name}: {text!r} is not a value for it") from error


def _whole(recipe: Recipe, name: str) -> bool:
    value = getattr(recipe, name)
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return _written(value) if isinstance(value, tuple) else f"{value:.4g}" if isinstance(value, float) else str(value)


def _written(sizes: Sequence[int]) -> str:
    return "+".join(str(size) for size in sizes)


def _scaled(sizes: Sequence[int], share: float) -> tuple[int, ...]:
    return tuple(_rounded(size * share) for size in sizes)


def _rounded(size: float) -> int:
    return max(32, round(size / 32) * 32)  # whole strides of every backbone
