"""Faces: one struct of arrays for all that is known of the faces in a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.errors import MissingDependencyError
from mien.faces.flat import flatten
from mien.faces.parts import ActionUnits, Age, Array, Attractiveness, Attributes, Displays, Emotion, Pose

if TYPE_CHECKING:
    import pandas

Index = int | slice | Array | list[int] | list[bool]


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

    def largest(self) -> int:
        """Index of the face with the largest box; of one face or more."""
        return int((self.box[:, 2:] - self.box[:, :2]).prod(1).argmax())

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
