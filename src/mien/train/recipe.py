"""Recipes: what a training run does, as a checked YAML file."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator

from mien.datasets.crop import Crop, Strict
from mien.errors import InputError, short_text
from mien.train.recipe_parts import Augment, Source, Teacher, Test
from mien.train.recipe_yaml import load_yaml

__all__ = ["VERSION", "Augment", "Crop", "Recipe", "Source", "Strict", "Teacher", "Test", "load_recipe", "read_recipe"]

_Recipe = TypeVar("_Recipe", bound=BaseModel)

VERSION = 1
"""Of the keys of a recipe; another one is read by another release."""


class Recipe(Strict):
    """One training run."""

    version: int = Field(default=VERSION, description="Of the keys of recipes, 1 in this release.")
    name: str = Field(description="Of the run, its folder and the model.")
    task: str = Field(description="Name of a task, several joined by '+'.")
    task_weights: dict[str, float] = Field(default={}, description="Of the losses of several tasks, by name.")
    expected: str = Field(default="", description="What the run reaches, in words.")
    minutes: float | None = Field(default=None, description="How long it takes.")
    data_dir: Path = Field(default=Path("data"), description="Where the datasets are.")
    cache_dir: Path = Field(default=Path("cache"), description="Where crops are kept.")
    run_dir: Path = Field(default=Path("runs"), description="Where the run's folder is made.")
    teacher: str | None = Field(default=None, description="File of labels joined by set and id.")
    pseudo: str | None = Field(
        default=None, description="Model that gives labels where they are missing, Action Units or ratings."
    )
    sources: list[Source] = Field(description="Datasets to train on.")
    crop: Crop = Field(default=Crop(), description="How faces are cut for the network.")
    augment: Augment = Field(default=Augment(), description="Random changes during training.")
    backbone: str = Field(
        default="mobilenet_v4_conv_small", description="Name of a backbone (docs/backbones.md), or timm:NAME."
    )
    width: float = Field(default=1.0, ge=0.01, le=16, description="Multiplier of its channels.")
    stem_stride: Literal[1, 2] = Field(default=2, description="1 keeps small crops at full resolution.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Rate before the heads.")
    drop_path: float = Field(default=0.0, ge=0, lt=1, description="Rate of stochastic depth.")
    aux: float = Field(
        default=0.0, ge=0, description="Weight of the losses of auxiliary heads, for backbones that have them."
    )
    init: Path | None = Field(
        default=None, description="Weights to begin from: weights.pt of a run, or an exported ONNX file."
    )
    teachers: list[Teacher] = Field(default=[], description="Networks to learn from.")
    shift_penalty: float = Field(
        default=0.1, ge=0, description="Weight of a pull of label shifts (Source.shift) to none."
    )
    task_options: dict[str, Any] = Field(default={}, description="Options of the task; of several, by name.")
    epochs: int = Field(default=10, ge=1, le=1_000_000, description="Passes over the training faces.")
    batch_size: int = Field(default=64, ge=2, le=1 << 20, description="Faces a step.")
    lr: float = Field(default=3e-3, gt=0, description="Highest learning rate.")
    lr_scale: float = Field(default=1.0, gt=0, description="Learning rate of the backbone against that of the heads.")
    layer_decay: float = Field(
        default=1.0, gt=0, le=1, description="Learning rate of each layer of the backbone against the one after it."
    )
    freeze: int = Field(default=0, ge=0, description="Epochs in which the backbone rests, its norms with it.")
    frozen: int = Field(default=0, ge=0, description="So many of the first layers of the backbone rest to the end.")
    weight_decay: float = Field(default=0.02, ge=0, description="Of AdamW.")
    warmup: float = Field(default=0.1, ge=0, lt=1, description="Part of the steps in which the learning rate rises.")
    ema: float = Field(default=0.998, ge=0, lt=1, description="Decay of the averaged weights, 0 for none.")
    clip: float = Field(default=5.0, gt=0, description="Largest norm of the gradient.")
    mixup: float = Field(default=0.0, ge=0, description="Alpha of mixup, 0 for none.")
    cutmix: float = Field(default=0.0, ge=0, description="Alpha of CutMix, 0 for none.")
    early_stop: int | None = Field(default=None, ge=1, description="Epochs without a better validation before it ends.")
    keep: Literal["last", "best"] = Field(default="last", description="The last weights or the best ones.")
    seed: int = Field(default=0, ge=0, lt=1 << 32, description="Of all that is drawn by chance.")
    accelerator: Literal["auto", "cpu", "gpu"] = Field(default="auto", description="What it trains on.")
    devices: int = Field(default=1, ge=1, le=1024, description="Above 1 trains data-parallel (DDP).")
    nodes: int = Field(default=1, ge=1, le=1024, description="Machines, each with so many devices.")
    tensorboard: bool = Field(default=True, description="Write curves for TensorBoard too.")
    threads: int = Field(default=2, ge=1, le=1024, description="Of the processor.")
    workers: int = Field(default=1, ge=0, le=256, description="Processes that cut and change faces.")
    sampler: Literal["weighted", "balanced", "pairs"] = Field(
        default="weighted",
        description="'weighted' by rows and 'balance', 'balanced' (all values "
        "of 'balance' alike), 'pairs' (comparisons).",
    )
    balance: str | None = Field(default=None, description="Label whose values are balanced.")
    precision: Literal["auto", "32-true", "bf16-mixed"] = Field(default="auto", description="Of the computation.")
    tests: list[Test] = Field(default=[], description="Sets that only measure the finished model.")
    display: list[Source] = Field(
        default=[],
        description="Sets with votes, to which the weights from Action Units to displays "
        "and the direct read-out are fitted.",
    )
    thresholds: Source | None = Field(
        default=None,
        description="Set of coded faces, to which the probabilities of Action Units are "
        "fitted instead of to 'val' faces.",
    )
    flip: bool = Field(default=False, description="Outputs in use are the mean over a crop and its mirror image.")
    pool: str = Field(default="", description="Whose ratings a score stands for, by name.")
    raters: str = Field(default="", description="The same in words.")
    open: bool = Field(
        default=False, description="All data are under terms that let anyone use the weights for anything."
    )
    terms: str = Field(default="", description="What the weights may be used for.")
    limits: list[str] = Field(default=[], description="Where the model is unreliable.")

    @field_validator("display", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        """One set or none, as recipes of earlier runs have it."""
        return [] if value is None else [value] if isinstance(value, dict) else value


def load_recipe(path: Path | str, overrides: list[str] | None = None) -> Recipe:
    """A recipe of a training run from a YAML file; see `read_recipe`."""
    return read_recipe(path, overrides, Recipe)


def read_recipe(path: Path | str, overrides: list[str] | None, model: type[_Recipe]) -> _Recipe:
    """A recipe from a YAML file, `key=value` overrides applied; 'crop.size=96' reaches inside.

    Raises InputError that names the file, the key, and the nearest key that exists.
    """
    try:
        values = load_yaml(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"The recipe {str(path)!r} must be a readable YAML file. {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"The recipe {str(path)!r} must be a mapping of keys to values. Got {type(values).__name__}.")
    if values.get("version", VERSION) != VERSION:
        raise InputError(
            f"The recipe {str(path)!r} must be of version {VERSION}. Got {values['version']!r}: it was written for "
            "another release of mien; install that one, or write the recipe anew after docs/training.md."
        )
    for override in overrides or []:
        _override(values, override)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InputError(f"The recipe {str(path)!r} is not valid.\n{_explain(error, model)}") from error


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise InputError(f"An override must look like key=value. Got {override!r}.")
    *parents, last = key.split(".")
    inside: Any = values
    for parent in parents:
        inside = _inside(inside, parent, override)
    try:
        value = load_yaml(text, last)
    except yaml.YAMLError as error:
        raise InputError(f"An override must have a YAML value. Got {override!r}: {error}") from error
    inside[_number(inside, last, override) if isinstance(inside, list) else last] = value


def _inside(values: Any, key: str, override: str) -> Any:
    """The mapping under a key, or under the number of an entry of a list: 'sources.0.file=FILE'."""
    if isinstance(values, list):
        inner: Any = values[_number(values, key, override)]
    else:
        inner = values.setdefault(key, {})
    if not isinstance(inner, (dict, list)):
        raise InputError(f"{key!r} must be a mapping to reach inside with {override!r}. Got {inner!r}.")
    return inner


def _number(values: list[Any], key: str, override: str) -> int:
    if not key.isdecimal() or int(key) >= len(values):
        raise InputError(f"{key!r} must be a number below {len(values)} in {override!r}, to pick from a list.")
    return int(key)


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    lines, known = [], _keys(model)
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        near = get_close_matches(str(item["loc"][-1]), known, 1) if item["type"] == "extra_forbidden" else []
        lines.append(
            f"  {key}: {item['msg'].removeprefix('Value error, ')}"
            + (f". Did you mean {near[0]!r}?" if near else f". Got {short_text(item['input'])}.")
        )
    return "\n".join(lines)


def _keys(kind: Any) -> list[str]:
    """All keys of a recipe and of its parts, down to those in lists."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [*kind.model_fields, *(key for field in kind.model_fields.values() for key in _keys(field.annotation))]
    return [key for part in get_args(kind) for key in _keys(part)]
