"""Cards of teachers: how a network that others made, or an ensemble of ours, is fed, and what its outputs are."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from mien.datasets.crop import Strict
from mien.errors import InputError
from mien.train.recipe import Teacher, read_recipe

_NAME = r"^[\w-]+$"  # it becomes the name of a file
Channel = tuple[float, float, float]


class TeacherCrop(Strict):
    """How the teacher wants faces to be cut: aligned, `scale` is the eye-to-mouth distance as part of the side."""

    kind: Literal["aligned"] = "aligned"
    size: int = Field(ge=16)
    scale: float = Field(gt=0, lt=1)


class TeacherOutput(Strict):
    """An output of a teacher.

    tensor: its name in the network. teaches: the output of our task that learns from it (an embedding teaches none).
    kind: 'distribution' over the numbers first, first + step, ...; 'classes', one probability a class; 'probabilities',
    each of its own; 'number'; 'embedding'. logits: before softmax or sigmoid. names: of Action Units, in order, where
    the teacher knows some of them only.
    """

    tensor: str
    kind: Literal["distribution", "classes", "probabilities", "number", "embedding"]
    teaches: str = ""
    first: float = 0.0
    step: float = Field(default=1.0, gt=0)
    logits: bool = False
    names: tuple[str, ...] = ()


class TeacherCard(Strict):
    """A teacher: its crop, what it takes from the pixels, (x - mean) / std in the order of its channels, its outputs.

    flip: its answer is the mean over the crop and its mirror image. source, terms: where it comes from, and what
    that allows; both go onto the student's card.
    """

    name: str = Field(pattern=_NAME)
    crop: TeacherCrop
    channels: Literal["RGB", "BGR"] = "RGB"
    mean: Channel
    std: Channel
    input: str | None = None
    flip: bool = False
    outputs: dict[Annotated[str, Field(pattern=_NAME)], TeacherOutput]
    source: str = ""
    terms: str = ""


def read_teacher(teacher: Teacher) -> TeacherCard:
    """The card of a teacher: `card`, or the YAML file beside its network.

    Raises InputError for a missing file, a key that does not exist, and weights of outputs that the card lacks.
    """
    if not teacher.file.is_file():
        raise InputError(f"'file' of a teacher must be an ONNX file. Got {str(teacher.file)!r}.")
    card = read_recipe(card_file(teacher), None, TeacherCard)
    if unknown := sorted(set(teacher.weights) - set(card.outputs)):
        known = ", ".join(card.outputs)
        raise InputError(f"'weights' of the teacher {card.name!r} must be of {known}. Got {', '.join(unknown)}.")
    return card


def card_file(teacher: Teacher) -> Path:
    """Where the card of a teacher is."""
    return teacher.card or teacher.file.with_suffix(".yaml")
