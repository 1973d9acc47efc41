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
    """Deviations of normal distributions around the frontal view and where they are cut off, in degrees."""

    yaw: Deviation = 24.0
    pitch: Deviation = 12.0
    roll: Deviation = 10.0
    yaw_limit: Degrees = 75.0
    pitch_limit: Degrees = 40.0
    roll_limit: Degrees = 30.0


class Movement(Strict):
    """Action Units: which move together, and how much the sides differ.

    prototypes: intensities of units that show together; prototype: share of faces that start from one, the others
    from a face at rest; keep: chance of each of its units; strength: range of a factor on all of them. alone: chance of
    any unit by itself, of an intensity in `alone_strength`. crooked: share of faces whose weaker side moves by a
    factor of `weaker`.
    """

    prototypes: Annotated[tuple[Prototype, ...], AfterValidator(_some)] = tuple(PROTOTYPES.values())
    prototype: Share = 0.75
    keep: Share = 0.85
    strength: Range = (0.5, 1.3)
    alone: Share = 0.08
    alone_strength: Range = (0.3, 1.2)
    crooked: Share = 0.25
    weaker: Portion = (0.3, 1.0)


class Skin(Strict):
    """Shares of faces with another tone of skin, with creases at rest, and with glasses."""

    tone: Share = 0.67
    creases: Share = 0.35
    glasses: Share = 0.15


class Light(Strict):
    """Direction, share without direction, and color of the light.

    aside, above: deviations of the direction's slopes, the latter around `height`; ambient: range of the share of
    light from everywhere; tint: range of brightness; hue: deviation of each color from it.
    """

    aside: Deviation = 0.6
    height: float = 0.3
    above: Deviation = 0.45
    ambient: Portion = (0.3, 0.85)
    tint: Range = (0.7, 1.25)
    hue: Deviation = 0.05


class Camera(Strict):
    """Distance (cm, even on a logarithmic scale), frame, and what a camera does to an image.

    face_side: range of the face's longer side and shift: most displacement, both as parts of the image. blur, jpeg:
    shares of images, with ranges of sigma (pixels) and quality; noise: most deviation, of 255; gamma: range.
    """

    distance: Annotated[tuple[Annotated[float, Field(ge=25)], Positive], AfterValidator(_ordered)] = (40.0, 160.0)
    face_side: Annotated[tuple[Positive, Annotated[float, Field(le=2)]], AfterValidator(_ordered)] = (0.55, 0.75)
    shift: Share = 0.07
    gamma: Range = (0.75, 1.3)
    blur: Share = 0.5
    blur_sigma: Range = (0.3, 1.2)
    noise: Deviation = 6.0
    jpeg: Share = 0.5
    quality: Annotated[tuple[Quality, Quality], AfterValidator(_ordered)] = (45, 95)


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
    """Odds of blurred noise, of a gradient, and of a blurred piece of somebody's photo."""

    noise: Odds = 1
    gradient: Odds = 1
    photo: Odds = 2


class Occluders(Kinds):
    """Share of faces with something before them, and the odds of its kinds."""

    share: Share = 0.0
    hand: Odds = 7
    bar: Odds = 4
    object: Odds = 4
    sunglasses: Odds = 3
    scarf: Odds = 2


class PeopleFile(Strict):
    """A file of further people, its place as seen from the assets, and the share of images that show them."""

    file: Path
    share: Annotated[float, Field(gt=0, le=1)]


def _within_one(people: tuple[PeopleFile, ...]) -> tuple[PeopleFile, ...]:
    if sum(part.share for part in people) > 1 + 1e-9:
        raise ValueError("must have shares that sum to 1 at most")
    return people


class HeadsRecipe(Strict):
    """A dataset of n synthetic faces of `size` pixels, written to `out` (.parquet).

    assets: folder of the head model and its people; people: files of further ones. The images depend on the seed and
    on all that is drawn by chance, not on how many processes (`workers`) draw them or how many images stand in a row
    group of the file (`batch`).
    """

    version: int = VERSION
    assets: Path = Path("data")
    people: Annotated[tuple[PeopleFile, ...], AfterValidator(_within_one)] = ()
    out: Path = Path("heads.parquet")
    n: int = Field(10000, ge=1)
    seed: int = Field(1, ge=0)
    size: int = Field(160, ge=32)
    workers: int = Field(1, ge=1)
    batch: int = Field(500, ge=1)
    pose: Pose = Pose()
    movement: Movement = Movement()
    skin: Skin = Skin()
    light: Light = Light()
    camera: Camera = Camera()
    backgrounds: Backgrounds = Backgrounds()
    occluders: Occluders = Occluders()


def load_heads_recipe(path: Path | str, overrides: list[str] | None = None) -> HeadsRecipe:
    """A recipe of synthetic heads from a YAML file, overrides such as 'pose.yaw=30' applied.

    Raises InputError that names the file, the key, and the nearest key that exists.
    """
    return read_recipe(path, overrides, HeadsRecipe)
