"""Recipes: what a training run does, as a checked YAML file."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mien.errors import InputError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Crop(_Strict):
    """How faces are cut: 'square' by the detector's box, 'aligned' by landmarks; zoom is kept around for jitter."""

    kind: Literal["square", "aligned"] = "aligned"
    size: int = Field(default=112, ge=32)
    scale: float = Field(default=0.36, gt=0, lt=1)
    margin: float = Field(default=1.3, gt=1)
    zoom: float = Field(default=1.25, ge=1)


class Augment(_Strict):
    """Random changes during training; turn: share of the faces that are turned by any angle."""

    flip: bool = True
    shift: float = 0.03
    scale: float = 0.06
    rotation: float = 6.0
    turn: float = Field(default=0.0, ge=0, le=1)
    gray: float = 0.1


class Source(_Strict):
    """One Parquet file: its share of the batches is rows * weight; split columns differ in name and values.

    holdout: part of the training rows that validates instead, for sets without a validation split.
    """

    file: str
    weight: float = Field(1.0, ge=0)
    split: str = "split"
    splits: dict[str, list[str]] = {"train": ["train"], "val": ["val"], "test": ["test"]}
    holdout: float = Field(0.0, ge=0, lt=1)
    labels: list[str] = []


class Test(_Strict):
    """A set that only measures the finished model."""

    file: str
    split: str = "split"
    values: list[str] | None = None
    teacher: bool = False


class Recipe(_Strict):
    """One training run."""

    name: str
    task: str
    expected: str = ""
    minutes: float | None = None
    data_dir: Path = Path("data")
    cache_dir: Path = Path("cache")
    run_dir: Path = Path("runs")
    teacher: str | None = None
    sources: list[Source]
    crop: Crop = Crop()
    augment: Augment = Augment()
    backbone: str = "mobilenet_v4_conv_small"
    width: float = Field(1.0, gt=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    init: Path | None = None
    task_options: dict[str, Any] = {}
    epochs: int = Field(10, ge=1)
    batch_size: int = Field(64, ge=2)
    lr: float = Field(3e-3, gt=0)
    weight_decay: float = Field(0.02, ge=0)
    warmup: float = Field(0.1, ge=0, lt=1)
    ema: float = Field(0.998, ge=0, lt=1)
    clip: float = Field(5.0, gt=0)
    seed: int = 0
    threads: int = Field(2, ge=1)
    workers: int = Field(1, ge=0)
    balance: str | None = None
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    tests: list[Test] = []
    display: Source | None = None
    flip: bool = False
    pool: str = ""
    terms: str = ""
    limits: list[str] = []


def load_recipe(path: Path | str, overrides: list[str] | None = None) -> Recipe:
    """A recipe from a YAML file, `key=value` overrides applied; 'crop.size=96' reaches inside.

    Raises InputError that names the file, the key, and the nearest key that exists.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"The recipe {str(path)!r} must be a readable YAML file. {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"The recipe {str(path)!r} must be a mapping of keys to values. Got {type(values).__name__}.")
    for override in overrides or []:
        _override(values, override)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise InputError(f"The recipe {str(path)!r} is not valid.\n{_explain(error)}") from error


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise InputError(f"An override must look like key=value. Got {override!r}.")
    *parents, last = key.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
        if not isinstance(values, dict):
            raise InputError(f"{parent!r} must be a mapping to reach inside with {override!r}. Got {values!r}.")
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"An override must have a YAML value. Got {override!r}: {error}") from error


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        known = [
            *Recipe.model_fields,
            *Crop.model_fields,
            *Augment.model_fields,
            *Source.model_fields,
            *Test.model_fields,
        ]
        near = get_close_matches(str(item["loc"][-1]), known, 1) if item["type"] == "extra_forbidden" else []
        lines.append(
            f"  {key}: {item['msg']}" + (f". Did you mean {near[0]!r}?" if near else f". Got {item['input']!r}.")
        )
    return "\n".join(lines)
