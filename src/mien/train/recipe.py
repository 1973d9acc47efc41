"""Recipes: what a training run does, as a checked YAML file."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator

from mien.datasets.crop import Crop, Strict
from mien.errors import InputError, short_text
from mien.train.recipe_yaml import load_yaml

_Recipe = TypeVar("_Recipe", bound=BaseModel)

VERSION = 1
"""Of the keys of a recipe; another one is read by another release."""


class Augment(Strict):
    """Random changes during training.

    shift (part of the side), scale (log), rotation (degrees): spread of the crop's place; turn: share of the faces that
    are turned by any angle; alignment: noise on top (of aligned crops), as a multiple of what the
    product's own alignment makes.
    gray, color, blur, low_resolution, noise, jpeg, occlusion: how often an image is changed so; 0 switches it off.
    border: how often the image ends near the face, as tight photos do, and its edge goes on as it does in use.
    oval: how often all around the face gives way to something else, so that backgrounds and masks tell nothing.
    absent: how often a face gives way to an image without one, for tasks that tell whether there is a face.
    contrast: how strongly brightness, contrast and color change.
    old: how often an image looks like an old photo (faded, brown or gray, grain, dust, lines of a scan); light: how
    often its light is that of a studio (flat, hard, from one side, high key).
    lowest: the least side of an image of low resolution, as part of the crop's.
    """

    flip: bool = True
    shift: float = Field(default=0.03, ge=0)
    scale: float = Field(default=0.06, ge=0)
    rotation: float = Field(default=6.0, ge=0)
    turn: float = Field(default=0.0, ge=0, le=1)
    alignment: float = Field(default=1.0, ge=0)
    gray: float = Field(default=0.1, ge=0, le=1)
    color: float = Field(default=0.8, ge=0, le=1)
    blur: float = Field(default=0.12, ge=0, le=1)
    low_resolution: float = Field(default=0.18, ge=0, le=1)
    noise: float = Field(default=0.2, ge=0, le=1)
    jpeg: float = Field(default=0.2, ge=0, le=1)
    occlusion: float = Field(default=0.1, ge=0, le=1)
    border: float = Field(default=0.0, ge=0, le=1)
    oval: float = Field(default=0.0, ge=0, le=1)
    absent: float = Field(default=0.0, ge=0, le=1)
    contrast: float = Field(default=1.0, ge=0)
    old: float = Field(default=0.0, ge=0, le=1)
    light: float = Field(default=0.0, ge=0, le=1)
    lowest: float = Field(default=0.25, gt=0, le=0.8)


class Source(Strict):
    """One labeled dataset: Parquet, CSV manifest, image folder or aligned folder.

    weight: its share of the batches is rows * weight. images: folder of a manifest's images.
    split, splits: the column that tells the split, and its values. Without such a column rows are split at random by
    `fractions`, all rows with the same value in the column `group` together.
    holdout: part of the training rows that validates instead, for sets without a validation split.
    ratings: a table of single raters' scores (id, rater, score), which are compared within a rater.
    held: an expression model whose Action Units the faces of this set are held to (`held_weight` of the task).
    watch: the set is measured by itself after each epoch (`val_SET_...`) and has no part in any choice.
    shift: whether the set's labels may lie apart from the task's value by a small rising curve of their own (ages), or
    by an offset and a scale (ratings), learned with the rest and left out in use.
    compared_within: a column; rated faces are compared only where it has the same value. compared_by: a regular
    expression for the part of the value that counts, such as '.$' for the last letter.
    exact: whether the labels are exact, as those of synthetic faces: a teacher's are then not put beside them.
    """

    file: str
    images: str | None = None
    group: str | None = None
    fractions: dict[Literal["val", "test"], float] = {"val": 0.1, "test": 0.1}
    weight: float = Field(1.0, ge=0)
    split: str = "split"
    splits: dict[str, list[str]] = {"train": ["train"], "val": ["val"], "test": ["test"]}
    holdout: float = Field(0.0, ge=0, lt=1)
    ratings: str | None = None
    shift: bool = False
    labels: list[str] = []
    held: str | None = None
    watch: bool = False
    compared_within: str | None = None
    compared_by: str = ".*"
    exact: bool = False

    @field_validator("compared_by")
    @classmethod
    def _check_expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"a regular expression is expected: {error}") from error
        return value


class Teacher(Strict):
    """A network to learn from, beside the labels: what it says of a clean image is asked of a changed one.

    file: ONNX. card: a YAML file of `mien.train.data.teacher_card.TeacherCard`, the one beside `file` if not given.
    weights: of the losses of its outputs, 1 if not given. temperature: of its probabilities. features: the loss on its
    embeddings, which a linear map of our features has to meet; the map is left out in use.
    """

    file: Path
    card: Path | None = None
    weights: dict[str, Annotated[float, Field(ge=0)]] = {}
    temperature: float = Field(1.0, gt=0)
    features: Literal["cosine", "smooth_l1"] = "cosine"


class Test(Strict):
    """A dataset that only measures the finished model."""

    file: str
    split: str = "split"
    values: list[str] | None = None
    teacher: bool = False


class Recipe(Strict):
    """One training run.

    version: of the keys of recipes, 1 in this release. task: a name, several joined by '+'; task_options: of the
    task (of several: by name), task_weights: of their losses. stem_stride: 1 keeps small crops at full resolution.
    aux: weight of the losses of auxiliary heads, for backbones that have them. mixup, cutmix: alpha, 0 for none.
    early_stop: epochs without a better validation before it ends; keep: the last weights or the best ones.
    sampler: 'weighted' by rows and `balance`, 'balanced' (all values of `balance` alike), 'pairs' (comparisons).
    init: weights to begin from. lr_scale: learning rate of the backbone against that of the heads; layer_decay: of each
    layer of the backbone against the one after it. freeze: epochs in which the backbone rests, its norms with it;
    frozen: so many of its first layers rest to the end.
    teachers: networks to learn from. shift_penalty: weight of a pull of label shifts (`Source.shift`) to none.
    teacher: a file of labels joined by set and id; pseudo: a model that gives labels where they are missing, Action
    Units or ratings. devices: above 1 trains data-parallel (DDP); nodes: machines, each with so many devices.
    accelerator: 'auto', 'cpu' or 'gpu'.
    pool, raters: whose ratings a score stands for, by name and in words.
    display: sets with votes, to which the weights from Action Units to displays and the direct read-out are fitted.
    open: whether all data are under terms that let anyone use the weights for anything.
    thresholds: a set of coded faces, to which the probabilities of Action Units are fitted instead of to 'val' faces.
    """

    version: int = VERSION
    name: str
    task: str
    task_weights: dict[str, float] = {}
    expected: str = ""
    minutes: float | None = None
    data_dir: Path = Path("data")
    cache_dir: Path = Path("cache")
    run_dir: Path = Path("runs")
    teacher: str | None = None
    pseudo: str | None = None
    sources: list[Source]
    crop: Crop = Crop()
    augment: Augment = Augment()
    backbone: str = "mobilenet_v4_conv_small"
    width: float = Field(1.0, ge=0.01, le=16)
    stem_stride: Literal[1, 2] = 2
    dropout: float = Field(0.1, ge=0, lt=1)
    drop_path: float = Field(0.0, ge=0, lt=1)
    aux: float = Field(0.0, ge=0)
    init: Path | None = None
    teachers: list[Teacher] = []
    shift_penalty: float = Field(0.1, ge=0)
    task_options: dict[str, Any] = {}
    epochs: int = Field(10, ge=1, le=1_000_000)
    batch_size: int = Field(64, ge=2, le=1 << 20)
    lr: float = Field(3e-3, gt=0)
    lr_scale: float = Field(1.0, gt=0)
    layer_decay: float = Field(1.0, gt=0, le=1)
    freeze: int = Field(0, ge=0)
    frozen: int = Field(0, ge=0)
    weight_decay: float = Field(0.02, ge=0)
    warmup: float = Field(0.1, ge=0, lt=1)
    ema: float = Field(0.998, ge=0, lt=1)
    clip: float = Field(5.0, gt=0)
    mixup: float = Field(0.0, ge=0)
    cutmix: float = Field(0.0, ge=0)
    early_stop: int | None = Field(None, ge=1)
    keep: Literal["last", "best"] = "last"
    seed: int = Field(0, ge=0, lt=1 << 32)
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: int = Field(1, ge=1, le=1024)
    nodes: int = Field(1, ge=1, le=1024)
    tensorboard: bool = True
    threads: int = Field(2, ge=1, le=1024)
    workers: int = Field(1, ge=0, le=256)
    sampler: Literal["weighted", "balanced", "pairs"] = "weighted"
    balance: str | None = None
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    tests: list[Test] = []
    display: list[Source] = []
    thresholds: Source | None = None
    flip: bool = False
    pool: str = ""
    raters: str = ""
    open: bool = False
    terms: str = ""
    limits: list[str] = []

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
