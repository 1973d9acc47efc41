"""People of clips as a table: one row a person, and on request an image of each."""

import csv
import json
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import InputError, SinkError
from mien.faces import Frame
from mien.files import whole_file
from mien.opencv import cv2
from mien.sinks.rows import check_rows_target, write_rows
from mien.sinks.sink import Sink
from mien.video.best_views import BestView, BestViews
from mien.video.people import PeopleFinder, Person

_BEST = ("best_frame", "best_time_s", "best_file")


class PeopleSink(Sink):
    """Sums up the people of the clips that it is given, one row a track in FILE.csv, FILE.json or FILE.parquet.

    The file is written anew, whole, when a clip has ended: a run that is killed leaves the people of the clips that
    were done. resume: keep the rows of `done`, the sources that are not read again. best: folder for the best view of
    each person, for which frames need their `image`. fused: see `PeopleFinder`. Give a frame to this sink before the
    one that tells what is done.

    Raises InputError for another suffix, or where an earlier run left no rows; SinkError where nothing can be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        best: str | os.PathLike[str] | None = None,
        fused: bool = True,
        resume: bool = False,
        done: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.path, self.done = Path(path), frozenset(done)
        check_rows_target(self.path, "people")
        self.best = None if best is None else _made(Path(best))
        self._finder, self._views = PeopleFinder(fused=fused), BestViews()
        self._source = ""
        self._rows = list(self._earlier()) if resume and self.done else []
        self._files = {row["best_file"] for row in self._rows if row.get("best_file")}
        self._save()

    def write(self, frame: Frame) -> None:
        """Take the next frame; only those of videos have people."""
        if frame.source != self._source:
            self._finish()
            self._source = frame.source
        self._finder.update(frame)
        if self.best:
            self._views.update(frame)

    def close(self, complete: bool = True) -> None:
        """Write the people of the last clip; after Ctrl-C too, those that were seen until then."""
        self._finish()

    def _finish(self) -> None:
        """Write what the clip that ran has shown."""
        people = self._finder.close()
        rows = [self._row(person) for person in people]
        self._views = BestViews()
        if rows:
            self._rows += rows
            self._save()

    def _row(self, person: Person) -> dict[str, Any]:
        row = person.to_dict()
        if self.best is None:
            return row
        view = self._views.views.get(person.track_id)
        values = (None, None, None) if view is None else (view.frame, view.time_s, self._keep(person, view, self.best))
        return {**row, **dict(zip(_BEST, values, strict=True))}

    def _keep(self, person: Person, view: BestView, folder: Path) -> str:
        """Write the image of a person; its name, which no other person of this run has."""
        stem = re.sub(r"[^\w.-]+", "_", Path(person.source).stem) or "clip"
        name, number = f"{stem}_person{person.track_id}.png", 2
        while name in self._files:
            name, number = f"{stem}_{number}_person{person.track_id}.png", number + 1
        self._files.add(name)
        encoded = cv2.imencode(".png", np.ascontiguousarray(view.image[..., ::-1]))[1]
        with whole_file(folder / name) as temporary:
            temporary.write_bytes(encoded.tobytes())
        return name

    def _save(self) -> None:
        columns = (
            list(self._rows[0]) if self._rows else [*Person("", 0, 0.0, 0.0).to_dict(), *(_BEST if self.best else ())]
        )
        write_rows(self._rows, self.path, columns)

    def _earlier(self) -> Iterator[dict[str, Any]]:
        """Rows of the sources that are done, as an earlier run left them."""
        if not self.path.exists():
            raise InputError(
                f"'people' must name the file of the run that is resumed, which has handled {len(self.done)} sources. "
                f"Got {str(self.path)!r}, which does not exist. Do without 'resume', or without 'people'."
            )
        return (row for row in _READERS[self.path.suffix.lower()](self.path) if row["source"] in self.done)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"The folder {str(folder)!r} cannot be made: {error.strerror}.") from error
    return folder


def _read_csv(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _read_json(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


def _read_parquet(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


_READERS = {".csv": _read_csv, ".json": _read_json, ".parquet": _read_parquet}
