"""Results as a table for a person at a terminal."""

from typing import Self

from rich.console import Console
from rich.table import Table

from mien.faces import Face, Frame, attribute_texts, display_texts, emotion_text, percentile_text

_COLUMNS = ("source", "face", "displays", "because", "apparent age", "attractiveness", "pose (yaw pitch roll)")
_OPTIONAL = ("smile and pain", "own models")
_ALL = (*_COLUMNS, *_OPTIONAL)


class TableSink:
    """Collects frames and prints them as one table when it closes."""

    def __init__(self) -> None:
        self.done: frozenset[str] = frozenset()
        self.errors: frozenset[str] = frozenset()
        self._rows: list[tuple[str, ...]] = []

    def write(self, frame: Frame) -> None:
        """Add a row for each face, or one that says why there is none."""
        name = frame.source if frame.time_s is None else f"{frame.source} {frame.time_s:.2f} s"
        if not len(frame.faces):
            self._rows.append((name, "", frame.reason or "no face"))
        for i, face in enumerate(frame.faces):
            number = str(i if face.track_id is None else face.track_id)
            self._rows.append((name if i == 0 else "", number, *_cells(face)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._rows:
            return
        used = [i for i in range(len(_COLUMNS), len(_ALL)) if any(len(row) > i and row[i] for row in self._rows)]
        shown = [*range(len(_COLUMNS)), *used]
        table = Table(*(_ALL[i] for i in shown), box=None, header_style="bold", pad_edge=False)
        for row in self._rows:
            table.add_row(*(row[i] for i in shown if i < len(row)), style="" if row[1] else "dim")
        Console().print(table)


def _cells(face: Face) -> tuple[str, ...]:
    displays = because = age = score = pose = ""
    if face.emotion is not None:
        displays = emotion_text(face.emotion)
        because = ", ".join(f"{code} {value:+.1f}" for code, value in face.emotion.evidence[:3])
    if face.age is not None:
        age = f"{face.age.value:.0f} ({face.age.low:.0f}-{face.age.high:.0f})"
    if face.attractiveness is not None:
        score = percentile_text(face.attractiveness)
    if face.pose is not None:
        pose = " ".join(f"{float(angle):+.0f}" for angle in (face.pose.yaw, face.pose.pitch, face.pose.roll))
    return displays, because, age, score, pose, ", ".join(display_texts(face)), ", ".join(attribute_texts(face))
