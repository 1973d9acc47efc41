"""Photos of folders in the order in which a pool of raters, or one person, would likely prefer them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.analyzer import Analyzer
from mien.errors import InputError
from mien.faces import SCORE_NUMBERS, Attractiveness, Frame
from mien.geometry import Image
from mien.media import Source, find_sources
from mien.opencv import cv2
from mien.preference.entrants import Entrant, entrant
from mien.preference.judges import Judge, TasteJudge, open_judge
from mien.preference.near_duplicates import near_duplicates, thumbnail
from mien.preference.personal import Taste
from mien.runtime.heads import Head

Array = NDArray[Any]

Progress = Callable[[Iterator[Frame], int], Iterable[Frame]]
_SHOWN = 320


@dataclass(slots=True, eq=False)
class Row:
    """What is known of one photo.

    status: 'ok', 'no_face', 'no_score' (it looks like a child's face) or 'error', with its reason. Of the best photo of
    each scene: rank from 1 within the folder, and chance, the probability of being the best there. The others have the
    name of that photo in near_duplicate_of. taste: the person's own score, where one is asked for.
    """

    folder: str
    source: str
    status: str = "ok"
    reason: str = ""
    entrant: Entrant | None = None
    taste: float | None = None
    rank: int | None = None
    chance: float | None = None
    near_duplicate_of: str = ""
    picture: Image | None = None
    thumbnail: Array | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without images; None for a number that is not known."""
        known = self.entrant.attractiveness.to_dict() if self.entrant else {}
        remarks = "; ".join(self.entrant.remarks) if self.entrant else ""
        numbers = {name: getattr(self, name) for name in ("folder", "source", "status", "rank", "chance")}
        numbers |= {name: known.get(name) for name in SCORE_NUMBERS}
        words = {"near_duplicate_of": self.near_duplicate_of, "remarks": remarks, "reason": self.reason}
        return {**numbers, "taste": self.taste, **words}


def rank_photos(
    folders: Iterable[str | PathLike[str]],
    analyzer: Analyzer | None = None,
    taste: Taste | str | PathLike[str] | None = None,
    *,
    pictures: bool = False,
    progress: Progress | None = None,
) -> list[Row]:
    """Rows of the photos of folders, best first; each folder, and each folder in it, is a group of its own.

    It is meant for photos of one person. Near-duplicates follow the best of them; photos without a score come at the
    end. Of several faces the largest counts. pictures: keep each photo, shrunk, for a contact sheet. progress: passes
    on what was read of each of so many photos, to be watched.
    Raises InputError for what is no folder, and where there is no photo in any.
    """
    sources = _sources(folders)
    analyzer = analyzer or Analyzer()
    judge = open_judge(analyzer.heads, taste)
    photos = [source for source in sources if source.kind == "photo"]
    frames = analyzer.photos((source.path or source.name for source in photos), keep_image=True)
    seen = progress(frames, len(photos)) if progress else frames
    named = (replace(frame, source=source.name) for source, frame in zip(photos, seen, strict=True))
    rows = [row_of(frame, pictures) for frame in named]
    return [*_in_order(rows, judge), *(_unread(source) for source in sources if source.kind != "photo")]


def rank_rows(
    rows: Iterable[Row], heads: Sequence[Head], taste: Taste | str | PathLike[str] | None = None
) -> list[Row]:
    """`rank_photos` of photos that are read already, each made a row by `row_of`. heads: those that read them."""
    return _in_order(list(rows), open_judge(heads, taste))


def _in_order(rows: list[Row], judge: Judge) -> list[Row]:
    """Rows of each folder by rank, then those without one."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if row.status == "ok":
            groups.setdefault(row.folder, []).append(row)
    ranked = [row for group in groups.values() for row in _ranked(group, judge)]
    return [*ranked, *(row for row in rows if row.status != "ok")]


def _sources(folders: Iterable[str | PathLike[str]]) -> list[Source]:
    """What the folders hold, each file once."""
    sources: dict[str, Source] = {}
    for folder in folders:
        if not Path(folder).is_dir():
            raise InputError(f"'folder' must be a folder with photos. Got {os.fspath(folder)!r}.")
        for source in find_sources(folder):
            sources.setdefault(os.path.realpath(source.path or source.name), source)
    if not any(source.kind == "photo" for source in sources.values()):
        reasons = " ".join(source.reason for source in sources.values() if source.reason)
        raise InputError(f"'folder' must be a folder with photos. {reasons or 'It holds videos alone.'}")
    return list(sources.values())


def _unread(source: Source) -> Row:
    reason = source.reason or "It is a video; only photos are ranked."
    return Row(str(Path(source.name).parent), source.name, "error", reason)


def row_of(frame: Frame, pictures: bool = False) -> Row:
    """What is kept of a photo that was read, with its image, to be ranked. pictures: that too, shrunk."""
    reason = "no face" if frame.status == "no_face" else frame.reason or ""
    row = Row(str(Path(frame.source).parent), frame.source, frame.status, reason)
    if frame.status != "ok" or frame.image is None:
        return row
    candidate = entrant(frame.source, frame.faces, frame.image)
    if candidate.unscored:
        row.status, row.reason = "no_score", candidate.unscored
        return row
    row.entrant, row.thumbnail = candidate, thumbnail(frame.image)
    row.picture = _shrunk(frame.image) if pictures else None
    return row


def _shrunk(image: Image) -> Image:
    scale = min(1.0, _SHOWN / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _ranked(rows: list[Row], judge: Judge) -> list[Row]:
    """The photos of one folder in order, filled in."""
    faces = _stacked([row.entrant.attractiveness for row in rows if row.entrant])
    value = judge.score(faces)
    best = near_duplicates(np.stack([row.thumbnail for row in rows if row.thumbnail is not None]), value)
    order = [int(i) for i in np.argsort(-value, kind="stable")]
    leaders = [i for i in order if best[i] == i]
    for number, (i, chance) in enumerate(zip(leaders, judge.chances(faces[leaders]), strict=True)):
        rows[i].rank, rows[i].chance = number + 1, float(chance)
    for i, row in enumerate(rows):
        row.near_duplicate_of = "" if best[i] == i else rows[best[i]].source
        row.taste = float(value[i]) if isinstance(judge, TasteJudge) else None
    return [rows[i] for leader in leaders for i in sorted(order, key=leader.__ne__) if best[i] == leader]


def _stacked(parts: Sequence[Attractiveness]) -> Attractiveness:
    """Numbers of one face each as those of faces (N,)."""
    names = [name for name in (*SCORE_NUMBERS, "embedding") if getattr(parts[0], name) is not None]
    columns = {name: np.stack([getattr(part, name) for part in parts]) for name in names}
    return Attractiveness(**columns, pool=parts[0].pool, coverage=parts[0].coverage)
