"""Parts of a recipe: sources, random changes, teachers, tests."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from mien.datasets.crop import Strict


class Augment(Strict):
    """Random changes during training; a chance of 0 switches a change off."""

    flip: bool = Field(default=True, description="Mirror faces.")
    shift: float = Field(default=0.03, ge=0, description="SD of the crop's place, as a part of the side.")
    scale: float = Field(default=0.06, ge=0, description="SD of the logarithm of the crop's scale.")
    rotation: float = Field(default=6.0, ge=0, description="SD of the rotation in degrees.")
    turn: float = Field(default=0.0, ge=0, le=1, description="Share of the faces that are turned by any angle.")
    alignment: float = Field(
        default=1.0,
        ge=0,
        description="Noise on top (of aligned crops), as a multiple of what the product's own alignment makes.",
    )
    gray: float = Field(default=0.1, ge=0, le=1, description="How often the colors go.")
    color: float = Field(default=0.8, ge=0, le=1, description="How often the colors change.")
    blur: float = Field(default=0.12, ge=0, le=1, description="How often the picture is blurred.")
    low_resolution: float = Field(default=0.18, ge=0, le=1, description="How often the resolution is low.")
    noise: float = Field(default=0.2, ge=0, le=1, description="How often there is noise.")
    jpeg: float = Field(default=0.2, ge=0, le=1, description="How often it is compressed as JPEG.")
    occlusion: float = Field(default=0.1, ge=0, le=1, description="How often a part is covered.")
    border: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How often the picture ends near the face, as tight photos do, and its "
        "edge goes on as it does in use.",
    )
    oval: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How often all around the face gives way to something else, so "
        "that backgrounds and masks tell nothing.",
    )
    absent: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How often a face gives way to a picture without one, for tasks that tell whether there is a face.",
    )
    contrast: float = Field(default=1.0, ge=0, description="How strongly brightness, contrast and color change.")
    old: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How often it looks like an old photo: faded, brown or gray, grain, dust, lines of a scan.",
    )
    light: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How often its light is that of a studio: flat, hard, from one side, high key.",
    )
    lowest: float = Field(
        default=0.25,
        gt=0,
        le=0.8,
        description="The least side of a picture of low resolution, as a part of the crop's.",
    )


class Source(Strict):
    """One labelled set: Parquet, CSV manifest, image folder or aligned folder.

    Without a column that tells the split, rows are split at random by `fractions`.
    """

    file: str = Field(description="Parquet file, CSV manifest, image folder or aligned folder, seen from data_dir.")
    images: str | None = Field(default=None, description="Folder of a manifest's images.")
    group: str | None = Field(
        default=None, description="Column; a random split keeps all rows with the same value together."
    )
    fractions: dict[Literal["val", "test"], float] = Field(
        default={"val": 0.1, "test": 0.1}, description="Of a random split, where there is no column that tells it."
    )
    weight: float = Field(default=1.0, ge=0, description="Its share of the batches is rows * weight.")
    split: str = Field(default="split", description="Column that tells the split.")
    splits: dict[str, list[str]] = Field(
        default={"train": ["train"], "val": ["val"], "test": ["test"]}, description="Values of that column by split."
    )
    holdout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Part of the training rows that validates instead, for sets without a validation split.",
    )
    ratings: str | None = Field(
        default=None,
        description="Table of single raters' scores (id, rater, score), which are compared within a rater.",
    )
    shift: bool = Field(
        default=False,
        description="Its labels may lie apart from the task's value by a small rising curve (ages), or by an offset "
        "and a scale (ratings), learned with the rest and left out in use.",
    )
    labels: list[str] = Field(default=[], description="Labels to take from it; all if empty.")
    held: str | None = Field(
        default=None,
        description="Expression model whose Action Units its faces are held to ('held_weight' of the task).",
    )
    watch: bool = Field(
        default=False,
        description="It is measured by itself after each epoch (val_SET_...) and has no part in any choice.",
    )
    compared_within: str | None = Field(
        default=None, description="Column; rated faces are compared only where it has the same value."
    )
    compared_by: str = Field(
        default=".*",
        description="Regular expression for the part of that value that counts, such as '.$' for the last letter.",
    )
    exact: bool = Field(
        default=False,
        description="Its labels are exact, as those of synthetic faces: a teacher's are then not put beside them.",
    )

    @field_validator("compared_by")
    @classmethod
    def _check_expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"a regular expression is expected: {error}") from error
        return value


class Teacher(Strict):
    """A network to learn from, beside the labels: what it says of a clean picture is asked of a changed one.

    The card is one of `mien.train.data.teacher_card.TeacherCard`.
    """

    file: Path = Field(description="ONNX file.")
    card: Path | None = Field(default=None, description="YAML file of its card; the one beside 'file' if not given.")
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default={}, description="Of the losses of its outputs, 1 if not given."
    )
    temperature: float = Field(default=1.0, gt=0, description="Of its probabilities.")
    features: Literal["cosine", "smooth_l1"] = Field(
        default="cosine",
        description="Loss on its embeddings, which a linear map of our features has to meet; "
        "the map is left out in use.",
    )


class Test(Strict):
    """A set that only measures the finished model."""

    file: str = Field(description="Dataset, seen from data_dir.")
    split: str = Field(default="split", description="Column that tells the split.")
    values: list[str] | None = Field(default=None, description="Values of that column that are measured.")
    teacher: bool = Field(default=False, description="Its labels are a teacher's.")
