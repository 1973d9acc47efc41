"""Recipes of synthetic heads: who is drawn, how many images, and how chance draws faces, cameras and light."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from mien.datasets.crop import Strict
from mien.facs import CODES
from mien.synthesis.prototypes import PROTOTYPES
from mien.train.recipe import VERSION, read_recipe


def _ordered(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError("must begin with its smaller end")
    return ends


def _some(prototypes: tuple[dict[str, float], ...]) -> tuple[dict[str, float], ...]:
    if not prototypes:
        raise ValueError("must hold a prototype at least; {} is a face at rest")
    return prototypes


def _coded(prototype: dict[str, float]) -> dict[str, float]:
    for code in prototype:
        if code not in CODES:
            near = get_close_matches(code, CODES, 1, 0.0)
            raise ValueError(f"must name Action Units of mien.facs. Did you mean {near[0]!r} for {code!r}?")
    return prototype


Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Deviation = Annotated[float, Field(ge=0)]
Degrees = Annotated[float, Field(ge=0, le=90)]
Odds = Annotated[int, Field(ge=0)]
Quality = Annotated[int, Field(ge=1, le=100)]
Range = Annotated[tuple[Positive, Positive], AfterValidator(_ordered)]
Portion = Annotated[tuple[Share, Share], AfterValidator(_ordered)]
Prototype = Annotated[dict[str, Annotated[float, Field(gt=0, le=1)]], AfterValidator(_coded)]


class Pose(Strict):
    """Normal distributions around the frontal view, in degrees."""

    yaw: Deviation = Field(default=24.0, description="SD.")
    pitch: Deviation = Field(default=12.0, description="SD.")
    roll: Deviation = Field(default=10.0, description="SD.")
    yaw_limit: Degrees = Field(default=75.0, description="Where it is cut off.")
    pitch_limit: Degrees = Field(default=40.0, description="Where it is cut off.")
    roll_limit: Degrees = Field(default=30.0, description="Where it is cut off.")


class Movement(Strict):
    """Action Units: which move together, and how much the sides differ."""

    prototypes: Annotated[tuple[Prototype, ...], AfterValidator(_some)] = Field(
        default=tuple(PROTOTYPES.values()), description="Intensities of units that show together; {} is a face at rest."
    )
    prototype: Share = Field(
        default=0.75, description="Share of faces that start from a prototype, the others from a face at rest."
    )
    keep: Share = Field(default=0.85, description="Chance of each unit of a prototype.")
    strength: Range = Field(default=(0.5, 1.3), description="Range of a factor on all units.")
    alone: Share = Field(default=0.08, description="Chance of any unit by itself.")
    alone_strength: Range = Field(default=(0.3, 1.2), description="Range of the intensity of such a unit.")
    crooked: Share = Field(default=0.25, description="Share of faces whose sides differ.")
    weaker: Portion = Field(default=(0.3, 1.0), description="Range of the factor on the weaker side.")


class Skin(Strict):
    """Skin and glasses."""

    tone: Share = Field(default=0.67, description="Share of faces with another tone of skin.")
    creases: Share = Field(default=0.35, description="Share of faces with creases at rest.")
    glasses: Share = Field(default=0.15, description="Share of faces with glasses.")


class Light(Strict):
    """Direction, share without direction, and color of the light."""

    aside: Deviation = Field(default=0.6, description="SD of the direction's slope to the side.")
    height: float = Field(default=0.3, description="Mean of the direction's slope upwards.")
    above: Deviation = Field(default=0.45, description="SD of the direction's slope upwards.")
    ambient: Portion = Field(default=(0.3, 0.85), description="Range of the share of light from everywhere.")
    tint: Range = Field(default=(0.7, 1.25), description="Range of brightness.")
    hue: Deviation = Field(default=0.05, description="SD of each color from the brightness.")


class Camera(Strict):
    """Distance, frame, and what a camera does to a picture."""

    distance: Annotated[tuple[Annotated[float, Field(ge=25)], Positive], AfterValidator(_ordered)] = Field(
        default=(40.0, 160.0), description="Range in cm, even on a logarithmic scale."
    )
    face_side: Annotated[tuple[Positive, Annotated[float, Field(le=2)]], AfterValidator(_ordered)] = Field(
        default=(0.55, 0.75), description="Range of the face's longer side, as a part of the picture."
    )
    shift: Share = Field(default=0.07, description="Most displacement, as a part of the picture.")
    gamma: Range = Field(default=(0.75, 1.3), description="Range of gamma.")
    blur: Share = Field(default=0.5, description="Share of blurred pictures.")
    blur_sigma: Range = Field(default=(0.3, 1.2), description="Range of the blur's sigma in pixels.")
    noise: Deviation = Field(default=6.0, description="Most SD of the noise, of 255.")
    jpeg: Share = Field(default=0.5, description="Share of compressed pictures.")
    quality: Annotated[tuple[Quality, Quality], AfterValidator(_ordered)] = Field(
        default=(45, 95), description="Range of the JPEG quality."
    )


class Kinds(Strict):
    """Odds of kinds of a thing, whole numbers of which one at least is above 0."""

    @model_validator(mode="after")
    def _one_is_possible(self) -> Self:
        if not any(self.odds().values()):
            raise ValueError(f"must have odds above 0 for one at least of {', '.join(self.odds())}")
        return self

    def odds(self) -> dict[str, int]:
        """By kind."""
        return {name: value for name, value in self if isinstance(value, int)}


class Backgrounds(Kinds):
    """Odds of kinds of backgrounds."""

    noise: Odds = Field(default=1, description="Odds of blurred noise.")
    gradient: Odds = Field(default=1, description="Odds of a gradient.")
    photo: Odds = Field(default=2, description="Odds of a blurred piece of somebody's photo.")


class Occluders(Kinds):
    """Share of faces with something before them, and the odds of its kinds."""

    share: Share = Field(default=0.0, description="Share of faces with something before them.")
    hand: Odds = Field(default=7, description="Odds of a hand.")
    bar: Odds = Field(default=4, description="Odds of a bar.")
    object: Odds = Field(default=4, description="Odds of an object.")
    sunglasses: Odds = Field(default=3, description="Odds of sunglasses.")
    scarf: Odds = Field(default=2, description="Odds of a scarf.")


class PeopleFile(Strict):
    """A file of further people."""

    file: Path = Field(description="Its place as seen from the assets.")
    share: Annotated[float, Field(gt=0, le=1)] = Field(description="Share of pictures that show its people.")


def _within_one(people: tuple[PeopleFile, ...]) -> tuple[PeopleFile, ...]:
    if sum(part.share for part in people) > 1 + 1e-9:
        raise ValueError("must have shares that sum to 1 at most")
    return people


class HeadsRecipe(Strict):
    """A dataset of n rendered heads.

    The pictures depend on the seed and on all that is drawn by chance, not on `workers` or `batch`.
    """

    version: int = Field(default=VERSION, description="Of the keys of recipes, 1 in this release.")
    assets: Path = Field(default=Path("data"), description="Folder of the head model and its people.")
    people: Annotated[tuple[PeopleFile, ...], AfterValidator(_within_one)] = Field(
        default=(), description="Files of further people."
    )
    out: Path = Field(default=Path("heads.parquet"), description="File to write (.parquet).")
    n: int = Field(default=10000, ge=1, description="Pictures.")
    seed: int = Field(default=1, ge=0, description="Of all that is drawn by chance.")
    size: int = Field(default=160, ge=32, description="Side of a picture in pixels.")
    workers: int = Field(default=1, ge=1, description="Processes that draw.")
    batch: int = Field(default=500, ge=1, description="Pictures in a row group of the file.")
    pose: Pose = Field(default=Pose(), description="Head pose.")
    movement: Movement = Field(default=Movement(), description="Action Units.")
    skin: Skin = Field(default=Skin(), description="Skin and eyewear.")
    light: Light = Field(default=Light(), description="The light.")
    camera: Camera = Field(default=Camera(), description="The camera.")
    backgrounds: Backgrounds = Field(default=Backgrounds(), description="What is behind the head.")
    occluders: Occluders = Field(default=Occluders(), description="What is before the face.")


def load_heads_recipe(path: Path | str, overrides: list[str] | None = None) -> HeadsRecipe:
    """A recipe of synthetic heads from a YAML file, overrides such as 'pose.yaw=30' applied.

    Raises InputError that names the file, the key, and the nearest key that exists.
    """
    return read_recipe(path, overrides, HeadsRecipe)
