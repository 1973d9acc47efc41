"""A row of `mien analyze` as a pydantic model, for its JSON Schema and the REST service; docs/output.md explains it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Point = Annotated[list[float], Field(min_length=2, max_length=2)]


class Part(BaseModel):
    """A part of a row: every field is there, and no other."""

    model_config = ConfigDict(extra="forbid")


class Pose(Part):
    """Head pose in degrees."""

    yaw: float = Field(description="Positive to the person's left.")
    pitch: float = Field(description="Positive downwards.")
    roll: float = Field(description="Positive counter-clockwise.")


class ActionUnit(Part):
    """One Action Unit."""

    probability: Probability = Field(description="That the unit is active, calibrated.")
    intensity: float = Field(ge=0, le=5, description="0 to 5; 1 is the first trace.")


class Category(Part):
    """One of several classes."""

    label: str = Field(description="The most probable class.")
    probability: dict[str, Probability]


class Emotion(Part):
    """The emotion that a face displays, which is not what a person feels."""

    label: Literal["positive", "neutral", "negative"]
    positive: Probability
    neutral: Probability
    negative: Probability
    margin: Probability = Field(description="Of the label over the second class.")
    clear: bool = Field(description="Whether the margin is at least 0.2.")
    category: Category | None = Field(description="The most probable of eight displays.")
    evidence: list[tuple[str, float]] = Field(description="Action Units and what each adds to the log-odds.")


class Age(Part):
    """Apparent age in years."""

    value: float
    low: float
    high: float
    coverage: Probability = Field(description="How often the interval holds the label.")


class Attractiveness(Part):
    """Mean opinion of a rater pool; null where no score is given."""

    score: float | None = Field(description="In standard deviations of the pool's faces.")
    low: float | None
    high: float | None
    percentile: float | None
    percentile_low: float | None
    percentile_high: float | None
    coverage: Probability | None
    pool: str


class Quantity(Part):
    """A number that a model of your own estimates."""

    value: float


class Flags(Part):
    """Properties that may hold together."""

    probability: dict[str, Probability]


class Displays(Part):
    """What Action Units display together; null where a unit is missing."""

    pain: float | None = Field(description="Displayed pain expression, 0 to 16.")
    smile: Literal["none", "smile", "smile with raised cheeks"] | None
    smile_strength: float | None = Field(description="Intensity of AU12.")
    cheek_strength: float | None = Field(description="Intensity of AU06.")


class FaceRow(BaseModel):
    """A face, or an image without a face, or one that cannot be read (`face` is null in both)."""

    model_config = ConfigDict(title="row of mien analyze", extra="forbid")

    source: str = Field(description="The name asked for.")
    status: Literal["ok", "no_face", "error"]
    reason: str | None = Field(default=None, description="Why, where the status is 'error'.")
    frame: int | None = Field(description="Number of the video frame.")
    time_s: float | None = Field(description="Time of the video frame in seconds.")
    face: int | None = Field(description="Number of the face in the image, best first.")
    track_id: int | None = Field(default=None, description="Id of the face in a video.")
    box: Annotated[list[float], Field(min_length=4, max_length=4)] | None = Field(
        default=None, description="x1, y1, x2, y2."
    )
    score: Probability | None = Field(default=None, description="Of the detector.")
    landmarks: Annotated[list[Point], Field(min_length=5, max_length=5)] | None = None
    landmarks_68: Annotated[list[Point], Field(min_length=68, max_length=68)] | None = None
    pose: Pose | None = None
    action_units: dict[str, ActionUnit] | None = None
    emotion: Emotion | None = None
    age: Age | None = None
    attractiveness: Attractiveness | None = None
    attributes: dict[str, Category | Quantity | Flags] | None = None
    displays: Displays | None = None
