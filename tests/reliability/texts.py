"""Files that people write or keep: evidence, lists of paths, answers, tastes, and results of an earlier run."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from tests.reliability.case import Case, encoded, pick, portrait
from tests.reliability.mutation import Rng, alter, mutate, mutate_text

from mien.analyzer import Analyzer
from mien.faces import Frame
from mien.runtime.models import WEIGHTS
from mien.sinks import open_sink

_READ = ("analyze", "face.jpg", "-q", "--out", "-", "--heads", "expression")


def _write_face(folder: Path, *names: str) -> None:
    for name in names or ("face.jpg",):
        (folder / name).write_bytes(encoded(portrait(), Path(name).suffix))


def _evidence() -> dict[str, Any]:
    rows = json.loads((WEIGHTS / "expression.json").read_text(encoding="utf-8"))["decoding"]["evidence"]
    codes = [code for code in next(iter(rows.values())) if code != "bias"][:6]
    return {code: {name: rows[name].get(code, 0.0) for name in rows} for code in ("bias", *codes)}


def make_evidence(rng: Rng, number: int, folder: Path) -> Case:
    """One file of weights for `mien analyze --evidence`."""
    _write_face(folder)
    values = _evidence()
    if number % 3 == 0:  # a row a class, as a card has it
        values = {name: {code: row[name] for code, row in values.items()} for name in values["bias"]}
    text = json.dumps(values) if number % 2 else yaml.safe_dump(values)
    if number % 4 < 2:
        content, what = mutate_text(text, rng)
    else:
        changed, what = alter(values, rng)
        content = (json.dumps(changed) if number % 2 else yaml.safe_dump(changed, allow_unicode=True)).encode()
    name = "own.json" if number % 2 else "own.yaml"
    (folder / name).write_bytes(content)
    return Case(what, [*_READ, "--evidence", name])


_PATHS: tuple[bytes, ...] = (
    (b"face.jpg", b"face.jpg", b"other.png", b"missing.jpg", b".", b"..", b"", b" ", b"-", b"--", b"*.png", b"[", b"**")
    + (b"webcam:x", b"webcam:", b"http://a/b.jpg", b"file:///a.jpg", b"/dev/null", b"/dev/full")
    + (b"~", b"$HOME", b"a" * 5000)
    + (b"a\0b.jpg", b"\xff\xfe.jpg", b"\xef\xbb\xbfface.jpg", b"face.jpg ", b"\tface.jpg", b'"face.jpg"', b"./face.jpg")
)  # fmt: skip
_ENDS = (b"\n", b"\r\n", b"\r", b"\n\n", b"\0")


def make_list(rng: Rng, number: int, folder: Path) -> Case:
    """A list of paths on standard input of `mien analyze -`."""
    _write_face(folder, "face.jpg", "other.png")
    picked = [pick(_PATHS, rng) for _ in range(rng.integers(0, 6))]
    stdin = pick(_ENDS, rng).join(picked)
    what = f"{len(picked)} paths"
    if number % 4 == 0:
        stdin, how = mutate(stdin, rng)
        what += f": {how}"
    return Case(what, ["analyze", "-", "-q", "--out", "-", "--heads", "age"], stdin=stdin)


@lru_cache
def _prior() -> dict[str, Any]:
    card = json.loads((WEIGHTS / "attractiveness.json").read_text(encoding="utf-8"))
    prior = card["decoding"]["taste"]
    return {
        "format": "mien taste", "version": 1, "model": card["name"], "sha256": card["sha256"],
        "comparisons": 3, "mean": prior["mean"], "covariance": prior["covariance"],
    }  # fmt: skip


def make_taste(rng: Rng, number: int, folder: Path) -> Case:
    """A taste file for `mien compare --taste`, or answers for `mien taste fit`."""
    _write_face(folder, "face.jpg", "other.png")
    if number % 2:
        rows = ["first,second,preferred", "face.jpg,other.png,first", "other.png,face.jpg,tie", "a.jpg,face.jpg,"]
        content, what = mutate_text("\n".join(rows) + "\n", rng)
        (folder / "pairs.csv").write_bytes(content)
        return Case(f"answers: {what}", ["taste", "fit", "pairs.csv", "-q"])
    changed, what = alter(_prior(), rng)
    content = json.dumps(changed).encode()
    if number % 4 == 0:
        content, what = mutate_text(json.dumps(_prior()), rng)
    (folder / "me.taste.json").write_bytes(content)
    return Case(f"taste: {what}", ["compare", "face.jpg", "other.png", "--taste", "me.taste.json"])


@lru_cache
def _frames() -> list[Frame]:
    faces = Analyzer(["age"], threads=1).photo(portrait())
    return [Frame(name, faces, "ok") for name in ("a.jpg", "b.jpg", "face.jpg")]


@lru_cache
def _result(suffix: str, partial: bool) -> bytes:
    """The file that a finished run leaves, or the rows of one that was cut off."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"out{suffix}"
        sink = open_sink(path)
        for frame in _frames():
            sink.write(frame)
        sink.close(complete=not partial)
        return (path.with_name(f"{path.name}.partial") if partial and suffix != ".jsonl" else path).read_bytes()


_KEPT: tuple[tuple[str, str, bool], ...] = (
    ("out.jsonl", ".jsonl", False),
    ("out.csv", ".csv", False),
    ("out.csv.partial", ".csv", True),
    ("out.parquet", ".parquet", False),
    ("out.parquet.partial", ".parquet", True),
    ("out.csv.added.partial", ".csv", True),
)
_ODD: dict[str, Callable[[], bytes]] = {
    "no bytes": bytes,
    "a line break": lambda: b"\n",
    "another table": lambda: b"image,age\na.jpg,20\n",
    "another row": lambda: b'{"image": "a.jpg"}\n',
    "a row of lists": lambda: b"[1, 2]\n",
    "odd sources": lambda: b'{"source": null}\n{"source": ["a"]}\n{"source": 5}\n',
    "text": lambda: b"my notes\n",
    "zeros": lambda: bytes(300),
}


def make_result(rng: Rng, number: int, folder: Path) -> Case:
    """What an earlier run left, for `mien analyze --resume`."""
    _write_face(folder, "face.jpg", "other.png")
    name, suffix, partial = _KEPT[number % len(_KEPT)]
    if number < len(_KEPT) * 2:
        what = pick(list(_ODD), rng)
        content = _ODD[what]()
    else:
        content, what = mutate(_result(suffix, partial), rng)
    (folder / name).write_bytes(content)
    if "added" in name:
        (folder / "out.csv").write_bytes(_result(suffix, False))
    command = ["analyze", "face.jpg", "other.png", "-q", "--heads", "age", "--resume", "--out", f"out{suffix}"]
    return Case(f"{name}: {what}", command)
