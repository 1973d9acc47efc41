"""Faces: one struct of arrays for all that is known of the faces in a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    import pandas

Array = NDArray[Any]
Index = int | slice | Array | list[int] | list[bool]
EMOTIONS: tuple[str, str, str] = ("positive", "neutral", "negative")
CLEAR_MARGIN = 0.2
"""A display is clear where the label is at least this much more probable than the second class."""


class _Columns:
    """Arrays that share their first axis; indexing indexes them all, other fields stay as they are."""

    def __getitem__(self, index: Any) -> Self:
        picked = {
            f.name: getattr(self, f.name)[index]
            for f in fields(self)  # type: ignore[arg-type]
            if isinstance(getattr(self, f.name), np.ndarray)
        }
        return replace(self, **picked)  # type: ignore[type-var]


@dataclass(frozen=True, slots=True)
class Pose(_Columns):
    """Head pose in degrees: yaw to the person's left, pitch downwards, roll counter-clockwise; each (N,)."""

    yaw: Array
    pitch: Array
    roll: Array

    def to_dict(self) -> dict[str, float]:
        """Plain values of one face."""
        return {"yaw": float(self.yaw), "pitch": float(self.pitch), "roll": float(self.roll)}


@dataclass(frozen=True, slots=True)
class ActionUnits(_Columns):
    """Action Units: probability (N, K) in 0..1 that a unit is active, intensity (N, K) in 0..5."""

    probability: Array
    intensity: Array
    codes: tuple[str, ...]

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Plain values of one face, by code."""
        pairs = zip(self.codes, self.probability, self.intensity, strict=True)
        return {code: {"probability": float(p), "intensity": float(i)} for code, p, i in pairs}


@dataclass(frozen=True, slots=True)
class Emotion(_Columns):
    """Displayed emotion: probability (N, 3) of positive, neutral, negative; contribution (N, K) by unit.

    A contribution is what a unit adds to the log-odds of the label that was given, against the mean of the
    two others.
    """

    probability: Array
    contribution: Array
    codes: tuple[str, ...]

    @property
    def label(self) -> Any:
        """Most probable class: a string for one face, an array (N,) of strings for several."""
        picked = np.array(EMOTIONS)[np.argmax(self.probability, axis=-1)]
        return str(picked) if np.ndim(picked) == 0 else picked

    @property
    def margin(self) -> Any:
        """Probability of the label minus that of the second class, 0..1: (N,), or a number for one face."""
        ordered = np.sort(self.probability, axis=-1)
        return ordered[..., -1] - ordered[..., -2]

    @property
    def clear(self) -> Any:
        """Whether the margin is at least `CLEAR_MARGIN`: (N,), or a truth value for one face."""
        return self.margin >= CLEAR_MARGIN

    @property
    def evidence(self) -> list[Any]:
        """Units that speak for the label, strongest first: [(code, contribution), ...] for one face."""
        if self.contribution.ndim > 1:
            return [self[i].evidence for i in range(len(self.contribution))]
        order = np.argsort(-self.contribution)
        return [(self.codes[i], float(self.contribution[i])) for i in order if self.contribution[i] > 0.05]

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face."""
        named = dict(zip(EMOTIONS, (float(p) for p in self.probability), strict=True))
        sure = {"margin": float(self.margin), "clear": bool(self.clear)}
        return {"label": self.label, **named, **sure, "evidence": [list(pair) for pair in self.evidence]}


@dataclass(frozen=True, slots=True)
class Displays(_Columns):
    """What Action Units display together, see `mien.displays`.

    pain (N,) displayed pain expression, 0..16; smile (N,) 'none', 'smile' or 'smile with raised cheeks', empty
    where unknown; smile_strength and cheek_strength (N,) intensities of AU12 and AU06, 0..5. NaN where unknown.
    """

    pain: Array
    smile: Array
    smile_strength: Array
    cheek_strength: Array

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face; None where a unit is missing."""
        numbers = {name: float(getattr(self, name)) for name in ("pain", "smile_strength", "cheek_strength")}
        known = {name: value if np.isfinite(value) else None for name, value in numbers.items()}
        return {"pain": known.pop("pain"), "smile": str(self.smile) or None, **known}


@dataclass(frozen=True, slots=True)
class Age(_Columns):
    """Apparent age in years: value, low and high (N,); the interval covers the truth `coverage` of the time."""

    value: Array
    low: Array
    high: Array
    coverage: float = 0.9

    def to_dict(self) -> dict[str, float]:
        """Plain values of one face."""
        ends = {"value": float(self.value), "low": float(self.low), "high": float(self.high)}
        return {**ends, "coverage": self.coverage}


@dataclass(frozen=True, slots=True)
class Attractiveness(_Columns):
    """Mean opinion of a rater pool: score (N,), and percentile (N,) among the faces that the pool rated.

    Both are NaN where no score is given, as for faces that look like children.
    """

    score: Array
    percentile: Array
    pool: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face; None for both numbers where no score is given."""
        numbers = {"score": float(self.score), "percentile": float(self.percentile)}
        return {**{k: v if np.isfinite(v) else None for k, v in numbers.items()}, "pool": self.pool}


@dataclass(frozen=True, slots=True)
class Category(_Columns):
    """One of several classes that a user's own model tells: probability (N, K)."""

    probability: Array
    classes: tuple[str, ...]

    @property
    def label(self) -> Any:
        """Most probable class: a string for one face, an array (N,) of strings for several."""
        picked = np.array(self.classes)[np.argmax(self.probability, axis=-1)]
        return str(picked) if np.ndim(picked) == 0 else picked

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face."""
        named = dict(zip(self.classes, (float(p) for p in self.probability), strict=True))
        return {"label": self.label, "probability": named}


@dataclass(frozen=True, slots=True)
class Quantity(_Columns):
    """A number that a user's own model estimates: value (N,)."""

    value: Array

    def to_dict(self) -> dict[str, float]:
        """Plain values of one face."""
        return {"value": float(self.value)}


@dataclass(frozen=True, slots=True)
class Flags(_Columns):
    """Properties that may hold together, told by a user's own model: probability (N, K)."""

    probability: Array
    names: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face."""
        return {"probability": dict(zip(self.names, (float(p) for p in self.probability), strict=True))}


Attribute = Category | Quantity | Flags


@dataclass(frozen=True, slots=True)
class Attributes:
    """What users' own models estimate, by name: `attributes["glasses"]`; any other index picks faces."""

    named: dict[str, Attribute]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.named[key]
        return Attributes({name: estimate[key] for name, estimate in self.named.items()})

    def to_dict(self) -> dict[str, Any]:
        """Plain values of one face."""
        return {name: estimate.to_dict() for name, estimate in self.named.items()}


def emotion_text(emotion: Emotion) -> str:
    """Displayed emotion of one face in a few words: 'positive 0.91', or 'positive 0.44, unclear'."""
    return f"{emotion.label} {emotion.probability.max():.2f}{'' if emotion.clear else ', unclear'}"


def display_texts(face: Face) -> list[str]:
    """Displays of a face in a few words each: 'smile with raised cheeks', 'displayed pain expression 1.3 of 16'."""
    told = face.displays.to_dict() if face.displays else {}
    smile = "no smile" if told.get("smile") == "none" else told.get("smile")
    pain = None if told.get("pain") is None else f"displayed pain expression {told['pain']:.1f} of 16"
    return [text for text in (smile, pain) if text]


def attribute_texts(face: Face) -> list[str]:
    """What users' own models tell of a face in a few words each: 'glasses: yes 0.93', 'height: 1.7'."""
    texts = []
    for name, part in face.attributes.named.items() if face.attributes else ():
        if isinstance(part, Category):
            texts.append(f"{name}: {part.label} {part.probability.max():.2f}")
        elif isinstance(part, Quantity):
            texts.append(f"{name}: {float(part.value):.3g}")
        else:
            held = [flag for flag, p in zip(part.names, part.probability, strict=True) if p >= 0.5]
            texts.append(f"{name}: {', '.join(held) or 'none'}")
    return texts


@dataclass(frozen=True, slots=True)
class Face:
    """One face; the fields of `Faces` without their first axis."""

    box: Array
    score: float
    landmarks: Array
    landmarks_68: Array | None = None
    track_id: int | None = None
    pose: Pose | None = None
    action_units: ActionUnits | None = None
    emotion: Emotion | None = None
    age: Age | None = None
    attractiveness: Attractiveness | None = None
    attributes: Attributes | None = None
    displays: Displays | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the names of the output schema; heads that did not run are None."""
        parts = {
            name: None if (part := getattr(self, name)) is None else part.to_dict()
            for name in ("pose", "action_units", "emotion", "age", "attractiveness", "attributes", "displays")
        }
        return {
            "track_id": self.track_id,
            "box": self.box.tolist(),
            "score": self.score,
            "landmarks": self.landmarks.tolist(),
            "landmarks_68": None if self.landmarks_68 is None else self.landmarks_68.tolist(),
            **parts,
        }


@dataclass(frozen=True, slots=True)
class Faces:
    """All faces of one picture as arrays that share their first axis N.

    box (N, 4) float x1, y1, x2, y2 in pixels; score (N,) in 0..1; landmarks (N, 5, 2) right eye, left eye,
    nose, right and left mouth corner of the person; landmarks_68 (N, 68, 2) in Multi-PIE order;
    track_id (N,) whole numbers, -1 where none. What did not run is None.

    >>> faces = Faces.empty()
    >>> len(faces), faces.box.shape
    (0, (0, 4))
    """

    box: Array
    score: Array
    landmarks: Array
    landmarks_68: Array | None = None
    track_id: Array | None = None
    pose: Pose | None = None
    action_units: ActionUnits | None = None
    emotion: Emotion | None = None
    age: Age | None = None
    attractiveness: Attractiveness | None = None
    attributes: Attributes | None = None
    displays: Displays | None = None

    @classmethod
    def empty(cls) -> Faces:
        """No face at all."""
        zeros = np.zeros((0, 5, 2), np.float32)
        return cls(box=zeros[:, :2].reshape(0, 4), score=zeros[:, 0, 0], landmarks=zeros)

    @classmethod
    def join(cls, parts: Sequence[Faces]) -> Faces:
        """The faces of several pictures as one; a column that one of them lacks is left out."""
        if not parts:
            return cls.empty()
        columns = {f.name: [getattr(part, f.name) for part in parts] for f in fields(cls)}
        return cls(**{name: _joined(column) for name, column in columns.items()})

    def __len__(self) -> int:
        return len(self.box)

    def __iter__(self) -> Iterator[Face]:
        return (self.face(i) for i in range(len(self)))

    def __getitem__(self, index: Index) -> Any:
        """A whole number gives one `Face`; a slice, mask or list of numbers gives `Faces`."""
        if isinstance(index, (int, np.integer)):
            return self.face(int(index))
        return self.select(np.asarray(index) if isinstance(index, list) else index)

    def select(self, index: slice | Array) -> Faces:
        """The faces that a slice, a mask (N,) or whole numbers pick."""
        if isinstance(index, np.ndarray) and index.size == 0:
            index = index.astype(np.int64)
        return Faces(**self._pick(index))

    def face(self, index: int) -> Face:
        """One face. Raises IndexError when there is no such face."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"'index' must be below the number of faces, {len(self)}. Got {index}.")
        values = self._pick(index)
        track = values["track_id"]
        values["track_id"] = None if track is None or track < 0 else int(track)
        return Face(**{**values, "score": float(values["score"])})

    def _pick(self, index: Any) -> dict[str, Any]:
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: None if part is None else part[index] for name, part in parts.items()}

    def to_dicts(self) -> list[dict[str, Any]]:
        """One plain dictionary a face, under the names of the output schema."""
        return [{"face": i, **face.to_dict()} for i, face in enumerate(self)]

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a face, nested names joined by '_' (`age_low`, `AU12_probability`); needs pandas."""
        try:
            import pandas
        except ImportError as error:
            raise MissingDependencyError("Faces.to_dataframe", "pandas", "pandas") from error
        return pandas.DataFrame([flatten(row) for row in self.to_dicts()])


def _joined(column: list[Any]) -> Any:
    """Arrays, or structs of arrays, one after the other; None where one is None."""
    if any(part is None for part in column):
        return None
    if isinstance(column[0], np.ndarray):
        return np.concatenate(column)
    if isinstance(column[0], Attributes):
        return Attributes({name: _joined([part.named[name] for part in column]) for name in column[0].named})
    arrays = {
        f.name: np.concatenate([getattr(part, f.name) for part in column])
        for f in fields(column[0])
        if isinstance(getattr(column[0], f.name), np.ndarray)
    }
    return replace(column[0], **arrays)


@dataclass(frozen=True, slots=True)
class Frame:
    """What was found in one picture, or in one frame of a video.

    status is 'ok', 'no_face' or 'error'; reason says why when it is 'error'. frame is the number and time_s
    the time of a video frame; image (H, W, 3) is RGB uint8, or None when it was not asked for.
    """

    source: str
    faces: Faces
    status: str = "ok"
    reason: str | None = None
    frame: int | None = None
    time_s: float | None = None
    image: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        if self.status not in ("ok", "no_face", "error"):
            raise InputError(f"'status' must be 'ok', 'no_face' or 'error'. Got {self.status!r}.")

    def to_dicts(self) -> list[dict[str, Any]]:
        """One plain dictionary a face; one in all when there is no face or an error."""
        head = {"source": self.source, "status": self.status, "frame": self.frame, "time_s": self.time_s}
        if self.status == "error":
            return [{**head, "reason": self.reason, "face": None}]
        return [{**head, **row} for row in self.faces.to_dicts()] or [{**head, "face": None}]


_FLAT_LISTS = {"box": ("box_x1", "box_y1", "box_x2", "box_y2")}


def flatten(row: dict[str, Any]) -> dict[str, Any]:
    """One level of names for tables: `box_x1`, `pose_yaw`, `AU12_probability`, `age_low`.

    >>> flatten({"age": {"value": 30.0}, "action_units": {"AU12": {"intensity": 2.0}}, "box": [1, 2, 3, 4]})
    {'age_value': 30.0, 'AU12_intensity': 2.0, 'box_x1': 1, 'box_y1': 2, 'box_x2': 3, 'box_y2': 4}
    """
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name in _FLAT_LISTS and value is not None:
            flat.update(zip(_FLAT_LISTS[name], value, strict=True))
        elif isinstance(value, dict):
            prefix = "" if name == "action_units" else f"{name}_"
            flat.update({f"{prefix}{key}": part for key, part in flatten(value).items()})
        else:
            flat[name] = value
    return flat
