"""Rows as plain values: the one schema of what every door puts out, as `Frame.to_dicts` makes it."""

from typing import Literal, NotRequired, TypedDict


class PoseRow(TypedDict):
    """Degrees: yaw to the person's left, pitch downwards, roll counter-clockwise."""

    yaw: float
    pitch: float
    roll: float


class ActionUnitRow(TypedDict):
    """Probability 0..1 that the unit is active, intensity 0..5."""

    probability: float
    intensity: float


class CategoryRow(TypedDict):
    """The most probable of several classes, and the probability of each."""

    label: str
    probability: dict[str, float]


class EmotionRow(TypedDict):
    """Displayed emotion; evidence: what each unit adds to the log-odds of the label, strongest first."""

    label: Literal["positive", "neutral", "negative"]
    positive: float
    neutral: float
    negative: float
    margin: float
    clear: bool
    category: CategoryRow | None
    evidence: list[tuple[str, float]]


class AgeRow(TypedDict):
    """Apparent age in years; low to high holds the label `coverage` of the time."""

    value: float
    low: float
    high: float
    coverage: float


class AttractivenessRow(TypedDict):
    """Mean opinion of a rater pool; null where no score is given, as for children, or the card does not tell."""

    score: float | None
    low: float | None
    high: float | None
    percentile: float | None
    percentile_low: float | None
    percentile_high: float | None
    coverage: float | None
    pool: str


class AttributeRow(TypedDict):
    """What a model of one's own tells."""

    label: NotRequired[str]
    value: NotRequired[float]
    probability: NotRequired[dict[str, float]]


class DisplaysRow(TypedDict):
    """Displayed pain expression 0..16, type of smile, intensities of AU12 and AU06; null where a unit is missing."""

    pain: float | None
    smile: str | None
    smile_strength: float | None
    cheek_strength: float | None


class FaceRow(TypedDict):
    """One face, or one image without a face or that cannot be read: those have the first fields alone."""

    source: str
    status: Literal["ok", "no_face", "error"]
    reason: NotRequired[str | None]
    frame: int | None
    time_s: float | None
    face: int | None
    track_id: NotRequired[int | None]
    box: NotRequired[tuple[float, float, float, float]]
    score: NotRequired[float]
    landmarks: NotRequired[list[tuple[float, float]]]
    landmarks_68: NotRequired[list[tuple[float, float]] | None]
    pose: NotRequired[PoseRow | None]
    action_units: NotRequired[dict[str, ActionUnitRow] | None]
    emotion: NotRequired[EmotionRow | None]
    age: NotRequired[AgeRow | None]
    attractiveness: NotRequired[AttractivenessRow | None]
    attributes: NotRequired[dict[str, AttributeRow] | None]
    displays: NotRequired[DisplaysRow | None]
