"""A peer's rows for a sample: run where they are missing, kept as JSON Lines, and gathered into arrays."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peers.catalog import Peer
from peers.folding import class_of, smile_of

Rows = dict[str, dict[str, Any]]
Command = tuple[list[str], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a peer told of the largest face of each row (M,); NaN where it told nothing.

    read: rows that it was given. found: rows in which it found a face. ms, cpu_ms: wall and processor time of each.
    """

    peer: str
    heads: tuple[str, ...]
    versions: dict[str, str]
    read: NDArray[np.bool_]
    found: NDArray[np.bool_]
    errors: int
    age: NDArray[np.float64]
    emotion: NDArray[np.float64]
    smile: NDArray[np.float64]
    ms: NDArray[np.float64]
    cpu_ms: NDArray[np.float64]


def run_peer(peer: Peer, command: Command, pictures: list[Path], file: Path, seconds: float | None = None) -> None:
    """Let the runner read the pictures that have no row in `file` yet; stop it after so many seconds.

    A picture at which the runner dies becomes an error, and the rest is read by a new one. Raises RuntimeError where
    it does not even start.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    end = None if seconds is None else time.monotonic() + seconds
    while missing := _missing(pictures, file):
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            return
        size = file.stat().st_size if file.is_file() else 0
        stopped, problem = _run(command, missing, file, left)
        if stopped:
            return
        if not file.is_file() or file.stat().st_size == size:
            raise RuntimeError(f"{peer.name} did not start: {problem}")
        if remaining := _missing(pictures, file):
            _append(file, {"picture": remaining[0].stem, "error": f"the process died: {problem}"})


def _missing(pictures: list[Path], file: Path) -> list[Path]:
    done = read_rows(file)[0]
    return [picture for picture in pictures if picture.stem not in done and picture.is_file()]


def _run(command: Command, pictures: list[Path], file: Path, seconds: float | None) -> tuple[bool, str]:
    """Whether time ran out, and the end of what the runner said."""
    words, variables = command
    names = "".join(f"{picture}\n" for picture in pictures)
    try:
        done = subprocess.run(
            [*words, str(file)], env=variables, input=names, text=True, errors="replace", timeout=seconds,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return True, ""
    return False, f"exit code {done.returncode}, {done.stderr[-400:].strip()!r}"


def _append(file: Path, row: dict[str, Any]) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")


def read_rows(file: Path) -> tuple[Rows, dict[str, str]]:
    """Rows by picture, and versions of the packages; a line cut short by a stop is dropped from the file."""
    rows: Rows = {}
    versions: dict[str, str] = {}
    if not file.is_file():
        return rows, versions
    whole = file.read_bytes()
    end = whole.rfind(b"\n") + 1
    if end < len(whole):
        file.write_bytes(whole[:end])
    for line in whole[:end].splitlines():
        row = json.loads(line)
        if "about" in row:
            versions = row["about"]["versions"]
        else:
            rows[row["picture"]] = row
    return rows, versions


def answers_of(peer: Peer, file: Path, pictures: list[Path]) -> Answers:
    """What the rows say of the pictures (M,)."""
    rows, versions = read_rows(file)
    picked = [rows.get(picture.stem) for picture in pictures]
    faces = [None if row is None else largest(row.get("faces", [])) for row in picked]
    return Answers(
        peer.name,
        peer.heads,
        versions,
        np.array([row is not None for row in picked]),
        np.array([face is not None for face in faces]),
        sum(row is not None and "error" in row for row in picked),
        _numbers([face.get("age") if face else None for face in faces]),
        _numbers([class_of(face["emotions"]) if face and face.get("emotions") else None for face in faces]),
        _numbers([smile_of(face) if face else None for face in faces]),
        _numbers([row.get("ms") if row else None for row in picked]),
        _numbers([row.get("cpu_ms") if row else None for row in picked]),
    )


def largest(faces: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The face whose box has the largest area, the first of equal ones; None where there is none."""
    return max(faces, key=lambda face: _area(face["box"])) if faces else None


def _area(box: list[float]) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def report_progress(peer: Peer, file: Path, pictures: list[Path]) -> None:
    """Say on standard error how many pictures have been read."""
    missing = len(_missing(pictures, file))
    print(f"{peer.name}: {len(pictures) - missing} of {len(pictures)} pictures read", file=sys.stderr)
