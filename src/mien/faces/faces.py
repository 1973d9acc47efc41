"""Faces: one struct of arrays for all that is known of the faces in an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast, overload

import numpy as np

from mien.errors import InputError, MissingDependencyError
from mien.faces.columns import check_columns, equal_columns
from mien.faces.flat import flatten
from mien.faces.from_rows import columns_of_rows
from mien.faces.parts import ActionUnits, Age, Array, Attractiveness, Attributes, Displays, Emotion, Pose

if TYPE_CHECKING:
    import pandas

Several = slice | Array | list[int] | list[bool]
"""What picks several faces: a slice, a mask (N,), or whole numbers."""
_SHAPES = {"box": (4,), "score": (), "landmarks": (5, 2), "landmarks_68": (68, 2), "track_id": ()}


@dataclass(frozen=True, slots=True, eq=False)
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

    def __eq__(self, other: object) -> bool:
        return equal_columns(self, other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """All faces of one image as arrays that share their first axis N.

    box (N, 4) float x1, y1, x2, y2 in pixels; score (N,) in 0..1; landmarks (N, 5, 2) right eye, left eye,
    nose, right and left mouth corner of the person; landmarks_68 (N, 68, 2) in Multi-PIE order;
    track_id (N,) whole numbers, -1 where none. What did not run is None. Two are equal when all their values are,
    NaN equal to NaN.

    Raises InputError for a field of another shape or dtype.

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

    def __post_init__(self) -> None:
        check_columns(self, _SHAPES)

    @classmethod
    def empty(cls) -> Faces:
        """No face at all."""
        zeros = np.zeros((0, 5, 2), np.float32)
        return cls(box=zeros[:, :2].reshape(0, 4), score=zeros[:, 0, 0], landmarks=zeros)

    @classmethod
    def concat(cls, parts: Iterable[Faces]) -> Faces:
        """The faces of several images as one; a field that one of them lacks is left out."""
        parts = list(parts)
        if not parts:
            return cls.empty()
        columns = {f.name: [getattr(part, f.name) for part in parts] for f in fields(cls)}
        return cls(**{name: _joined(column) for name, column in columns.items()})

    @classmethod
    def from_dicts(cls, rows: Iterable[Mapping[str, Any]]) -> Faces:
        """The faces that `to_dicts` wrote, or rows of `mien analyze --out -`; rows without a face are left out.

        What rows do not hold is lost: embeddings, and contributions of Action Units too small to be evidence (0).
        Raises InputError for a row that lacks `box`, `score` or `landmarks`.

        >>> len(Faces.from_dicts(Faces.empty().to_dicts()))
        0
        """
        columns = columns_of_rows(rows)
        return cls(**columns) if columns else cls.empty()

    def __eq__(self, other: object) -> bool:
        return equal_columns(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.box)

    def __iter__(self) -> Iterator[Face]:
        return (self.face(i) for i in range(len(self)))

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> Face: ...
    @overload
    def __getitem__(self, index: Several) -> Faces: ...
    def __getitem__(self, index: int | np.integer[Any] | Several) -> Face | Faces:
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

    def largest(self) -> Face:
        """The face with the largest box. Raises InputError where there is no face."""
        return self.face(self.largest_index())

    def largest_index(self) -> int:
        """Index of the face with the largest box. Raises InputError where there is no face."""
        if not len(self):
            raise InputError("'faces' must hold at least one face to have a largest one. Got none.")
        return int((self.box[:, 2:] - self.box[:, :2]).prod(1).argmax())

    @overload
    def require(self, name: Literal["landmarks_68", "track_id"]) -> Array: ...
    @overload
    def require(self, name: Literal["pose"]) -> Pose: ...
    @overload
    def require(self, name: Literal["action_units"]) -> ActionUnits: ...
    @overload
    def require(self, name: Literal["emotion"]) -> Emotion: ...
    @overload
    def require(self, name: Literal["age"]) -> Age: ...
    @overload
    def require(self, name: Literal["attractiveness"]) -> Attractiveness: ...
    @overload
    def require(self, name: Literal["attributes"]) -> Attributes: ...
    @overload
    def require(self, name: Literal["displays"]) -> Displays: ...
    def require(self, name: str) -> object:
        """A field that must be there. Raises InputError, with what computes it, where it is None.

        >>> Faces.empty().require("age")
        Traceback (most recent call last):
        ...
        mien.errors.InputError: 'age' must be among what was read. Got None; read the photo with the head 'age'.
        """
        value = cast(object, getattr(self, name))
        if value is None:
            raise InputError(f"{name!r} must be among what was read. Got None; {_COMPUTED_BY[name]}.")
        return value

    def _pick(self, index: Any) -> dict[str, Any]:
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: None if part is None else part[index] for name, part in parts.items()}

    def to_dicts(self) -> list[dict[str, Any]]:
        """One plain dictionary a face, under the names of the output schema."""
        return [{"face": i, **face.to_dict()} for i, face in enumerate(self)]

    def _repr_html_(self) -> str:
        """What a notebook shows: where the faces lie, and a table."""
        from mien.faces.notebook import html_of

        return html_of(self)

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a face, nested names joined by '_' (`age_low`, `AU12_probability`); needs pandas."""
        try:
            import pandas
        except ImportError as error:
            raise MissingDependencyError("Faces.to_dataframe", "pandas", "pandas") from error
        return pandas.DataFrame([flatten(row) for row in self.to_dicts()])


_COMPUTED_BY = {
    "landmarks_68": "read the photo with an Analyzer",
    "pose": "read the photo with an Analyzer",
    "track_id": "read a video",
    "action_units": "read the photo with the head 'expression'",
    "emotion": "read the photo with the head 'expression'",
    "age": "read the photo with the head 'age'",
    "attractiveness": "read the photo with the head 'attractiveness'",
    "attributes": "read the photo with a model of your own",
    "displays": "read the photo with Analyzer(displays=True)",
}


def _joined(column: list[Any]) -> Any:
    """Arrays, or structs of arrays, one after the other; None where one is None."""
    if any(part is None for part in column):
        return None
    if isinstance(column[0], np.ndarray):
        return np.concatenate(column)
    if isinstance(column[0], Attributes):
        return Attributes({name: _joined([part.named[name] for part in column]) for name in column[0].named})
    columns = {f.name: [getattr(part, f.name) for part in column] for f in fields(column[0])}
    joined = {name: _joined(parts) for name, parts in columns.items() if any(map(_has_rows, parts))}
    return replace(column[0], **joined)


def _has_rows(part: Any) -> bool:
    """Whether it is an array, or a struct of arrays."""
    return isinstance(part, np.ndarray) or is_dataclass(part)
