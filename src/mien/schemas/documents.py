"""What stands in a model card and in an evidence file, as types that their JSON Schemas are made from."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from mien.expression.emotion import DISPLAYS
from mien.faces import EMOTIONS
from mien.facs import ACTION_UNITS


class Aligned(BaseModel):
    """A crop aligned by five points."""

    kind: Literal["aligned"] = "aligned"
    size: int = Field(ge=8, le=1024, description="Side of the crop in pixels.")
    scale: float = Field(gt=0, lt=1, description="Distance from eyes to mouth as a part of the side.")


class Square(BaseModel):
    """An upright square around the detector's box."""

    kind: Literal["square"]
    size: int = Field(ge=8, le=1024, description="Side of the crop in pixels.")
    margin: float = Field(gt=1, lt=10, description="Side of the square against the longer side of the box.")


class DataFile(BaseModel):
    """A dataset that a model was trained on."""

    file: str
    source: str
    terms: str
    faces: dict[str, int] = Field(description="Faces by split.")


class Card(BaseModel):
    """Card of a model: preprocessing and decoding, data and terms, metrics, limits."""

    model_config = ConfigDict(title="mien model card", extra="allow")

    name: str = Field(min_length=1)
    task: str = Field(min_length=1, description="Name of a task, several joined by '+'.")
    crop: Aligned | Square = Field(description="How a face is cut for the network.")
    mean: float = Field(description="Subtracted from pixels of 0 to 255.")
    std: float = Field(gt=0, description="Divides what is left.")
    channels: str = Field(default="RGB", description="Order of the color channels.")
    outputs: list[str] = Field(min_length=1, description="Names of the network's outputs.")
    flip: bool = Field(default=False, description="Outputs are the mean over a crop and its mirror image.")
    detail: bool = Field(default=False, description="The decoding needs the sharpness of the crop.")
    decoding: dict[str, Any] = Field(description="Constants from outputs to estimates, by task.")
    sha256: str = Field(min_length=1, description="Of the ONNX file.")
    calibrated_on: dict[str, list[str]] = Field(default={}, description="Splits by dataset that gave the constants.")
    terms: str = Field(default="", description="What the weights may be used for.")
    open: bool = Field(default=False, description="Anyone may use the weights for anything.")
    limits: list[str] = Field(default=[], description="Where the model is unreliable.")
    data: list[DataFile] = []
    precision: str = "fp32"
    recipe: dict[str, Any] = Field(default={}, description="The recipe that trained it.")
    metrics: list[dict[str, Any]] = Field(default=[], description="Metrics with their intervals, by dataset and split.")
    summary: list[str] = []


_model: Any = create_model  # the fields are named by the data
Weight = Annotated[float, Field(gt=-1e6, lt=1e6)]
_STRICT = ConfigDict(extra="forbid")
_CLASSES = tuple(dict.fromkeys((*EMOTIONS, *DISPLAYS)))
_NAMES = {unit.code: f"{unit.name}: {unit.sign}" for unit in ACTION_UNITS}

UnitRow = _model(
    "UnitRow",
    __config__=_STRICT,
    __doc__="Weights of an Action Unit for each class; what is left out is 0.",
    source=(str | None, Field(default=None, description="What gives the weights their sign or size.")),
    comment=(str | None, None),
    **{name: (Weight, Field(default=0.0)) for name in _CLASSES},
)
ClassRow = _model(
    "ClassRow",
    __config__=_STRICT,
    __doc__="Weights of a class for each Action Unit; what is left out is 0.",
    bias=(Weight, Field(default=0.0, description="Log-odds without any unit.")),
    **{code: (Weight, Field(default=0.0, description=text)) for code, text in _NAMES.items()},
)
ByUnit = _model(
    "ByUnit",
    __config__=_STRICT,
    __doc__="A row for each Action Unit, as `mien models --evidence` writes it.",
    bias=(UnitRow | None, Field(default=None, description="Log-odds of each class without any unit.")),
    **{code: (UnitRow | None, Field(default=None, description=text)) for code, text in _NAMES.items()},
)


def _by_class(name: str, classes: tuple[str, ...]) -> Any:
    rows = {each: (ClassRow, ...) for each in classes}
    return _model(name, __config__=_STRICT, __doc__="A row for each class, as a card has it.", **rows)


Evidence = ByUnit | _by_class("ByEmotion", EMOTIONS) | _by_class("ByDisplay", DISPLAYS)
