"""Runs that are killed or whose disk is full, gone on with: what they leave equals what an unbroken run leaves."""

import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from tests.reliability.case import encoded, portrait
from tests.reliability.forked import FILLER, KILLED, Ended, Trouble, run
from tests.reliability.mutation import Rng
from tests.reliability.training import RECIPE, write_set
from tests.reliability.videos import clip

DISK_BYTES = 160 << 20
Contents = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Job:
    """A command that is broken off. resume: what the second call says besides. results: patterns of what counts.

    prepare: writes its inputs into a folder. heavy: it imports torch. rename: runs again into the same file.
    """

    command: tuple[str, ...]
    prepare: Callable[[Path], None]
    results: tuple[str, ...]
    resume: tuple[str, ...] = ()
    heavy: bool = False


def _write_media(folder: Path) -> None:
    """Photos, one of them broken, one without a face, and two short clips."""
    media = folder / "media"
    media.mkdir()
    for i in range(5):
        turn = cv2.getRotationMatrix2D((80, 80), 5 * i - 10, 1)
        image = cv2.warpAffine(portrait(), turn, (160, 160), borderMode=cv2.BORDER_REPLICATE)
        (media / f"{i}.png").write_bytes(encoded(np.asarray(image, np.uint8), ".png"))
    (media / "a.jpg").write_bytes(b"no photo")
    (media / "b.png").write_bytes(encoded(np.full((40, 40, 3), 90, np.uint8), ".png"))
    (media / "c.mp4").write_bytes(clip("a.mp4", 4))
    (media / "d.avi").write_bytes(clip("a.avi", 3))


def _write_pairs(folder: Path) -> None:
    _write_media(folder)
    rows = ["first,second,preferred", "media/0.png,media/1.png,first", "media/2.png,media/1.png,tie"]
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _analyze(suffix: str, *options: str) -> Job:
    command = ("analyze", "media", "-q", "--threads", "1", "--out", f"out{suffix}", "--events", "events.csv", *options)
    return Job(command, _write_media, (f"out{suffix}*", "events.csv*"), ("--resume",))


def _rows(*command: str, results: tuple[str, ...]) -> Job:
    return Job(command, _write_pairs, results)


JOBS: dict[str, Job] = {
    "analyze to JSON Lines": _analyze(".jsonl"),
    "analyze to CSV": _analyze(".csv", "--smooth", "0.2"),
    "analyze to Parquet": _analyze(".parquet"),
    "analyze with drawings": Job(
        ("analyze", "media", "-q", "--heads", "age", "--threads", "1", "--out", "out.csv", "--draw", "drawn"),
        _write_media,
        ("out.csv*", "drawn/*", "drawn/.*"),
        ("--resume",),
    ),
    "rank": _rows(
        "rank",
        "media",
        "-q",
        "--threads",
        "1",
        "--out",
        "out.csv",
        "--sheet",
        "sheet.png",
        results=("out.csv*", ".out*", "sheet*", ".sheet*"),
    ),
    "clean": _rows(
        "clean",
        "media",
        "-q",
        "--threads",
        "1",
        "--out",
        "out.json",
        "--sheet",
        "sheet.png",
        results=("out.json*", ".out*", "sheet*", ".sheet*"),
    ),
    "taste fit": _rows(
        "taste", "fit", "pairs.csv", "-q", "--threads", "1", "--out", "me.json", results=("me.json*", ".me*")
    ),
    "train": Job(
        ("train", "recipe.yaml", "epochs=3"),
        write_set,
        (f"runs/{RECIPE['name']}/weights.pt", f"runs/{RECIPE['name']}/metrics.csv", "cache/*/*"),
        heavy=True,
    ),
}


def check_killed(jobs: list[str], runs: int, seed: int) -> Iterator[str]:
    """Kill each job so often, half the times at a random moment, half at a random change of a file; faults."""
    for job, rng, whole, usual in _unbroken(jobs, seed):
        for number in range(runs):
            if number % 2:
                trouble = Trouble("kill", change=int(rng.integers(1, usual.changes + 1)))
            else:
                trouble = Trouble("kill", seconds=float(rng.uniform(0, usual.seconds)))
            yield from _check(job, trouble, whole, usual)


def check_full(jobs: list[str], runs: int, seed: int) -> Iterator[str]:
    """Fill the disk of each job so often at a random change of a file, with a random rest of room; faults."""
    for job, rng, whole, usual in _unbroken(jobs, seed):
        for _ in range(runs):
            room = int(rng.choice([0, rng.integers(1, 5000), rng.integers(1, 100_000)]))
            trouble = Trouble("full", change=int(rng.integers(1, usual.changes + 1)), room=room)
            yield from _check(job, trouble, whole, usual)


def _unbroken(jobs: list[str], seed: int) -> Iterator[tuple[str, Rng, Contents, Ended]]:
    """Each job with random numbers, and what it leaves when nothing disturbs it."""
    for number, name in enumerate(JOBS):
        if name in jobs:
            with tempfile.TemporaryDirectory(prefix="reliability-") as base:
                folder = _prepared(JOBS[name], Path(base))
                usual = run(list(JOBS[name].command), folder)
                assert usual.code in (0, 3), usual.stderr
                yield name, np.random.default_rng([seed, number]), _contents(JOBS[name], folder), usual


def _prepared(job: Job, base: Path) -> Path:
    folder = base / "work"
    folder.mkdir()
    job.prepare(folder)
    return folder


def _contents(job: Job, folder: Path) -> Contents:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for pattern in job.results
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def _check(name: str, trouble: Trouble, whole: Contents, usual: Ended) -> Iterator[str]:
    """An outcome as `outcome: ...`, then faults, of one disturbed run and of the one that follows it."""
    job = JOBS[name]
    with _disk() as base:
        folder = _prepared(job, base)
        ended = run(list(job.command), folder, trouble)
        yield f"outcome: {name}: {'killed' if ended.code == KILLED else f'exit {ended.code}'}"
        if ended.code != KILLED:
            yield from _speaks(name, trouble, ended, usual)
        yield from _halves(name, trouble, _contents(job, folder), whole)
        (base / FILLER).unlink(missing_ok=True)
        again = run([*job.command, *job.resume], folder)
        if again.code not in (0, usual.code):  # 0: what could not be read was said before the run was broken off
            yield f"resume: {name}, {trouble}: exit {again.code}, not {usual.code}. {again.stderr[-600:]}"
            return
        left = _contents(job, folder)
        for path in sorted(whole.keys() | left.keys()):
            if whole.get(path) != left.get(path):
                yield f"result: {name}, {trouble}: {path} {_difference(whole.get(path), left.get(path))}"


@contextmanager
def _disk() -> Iterator[Path]:
    """A folder; where this process may mount one (as root on Linux), it is a small disk of its own."""
    with tempfile.TemporaryDirectory(prefix="reliability-") as base:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", base]
        mounted = not subprocess.run(mount, capture_output=True, check=False).returncode
        try:
            yield Path(base)
        finally:
            if mounted:
                subprocess.run(["umount", base], check=True)


def _speaks(name: str, trouble: Trouble, ended: Ended, usual: Ended) -> Iterator[str]:
    """A run that was not killed ended as usual, or says in words why not."""
    if ended.code == usual.code:
        return
    last = ended.stderr.strip().rpartition("\n")[2]
    if ended.code not in (1, 2) or not ended.stderr.lstrip().startswith("mien: "):
        yield f"error: {name}, {trouble}: exit {ended.code}. {ended.stderr[-600:]}"
    elif not last:
        yield f"error: {name}, {trouble}: exit {ended.code} without a word"


def _halves(name: str, trouble: Trouble, left: Contents, whole: Contents) -> Iterator[str]:
    """A result under its own name is whole, if it is there. Of JSON Lines whole lines are a whole result."""
    for path, content in left.items():
        if path in whole and content != whole[path] and not _begins(path, content, whole[path]):
            yield f"half: {name}, {trouble}: {path} {_difference(whole[path], content)}"
        if trouble.kind == "full" and (path.endswith(".tmp") or "/.tmp" in path):
            yield f"litter: {name}, {trouble}: {path}"


def _begins(path: str, content: bytes, whole: bytes) -> bool:
    if path.endswith(".jsonl"):
        return whole.startswith(content)
    if path.endswith(".csv"):  # what was read before the disturbance, as a whole table
        return content.endswith(b"\n") and whole.startswith(content)
    if path.endswith(".parquet"):
        rows, full = (pq.read_table(BytesIO(part)) for part in (content, whole))
        return bool(rows.equals(full.slice(0, rows.num_rows)))
    return path.startswith(("runs/", "cache/"))  # written epoch by epoch


def _difference(expected: bytes | None, got: bytes | None) -> str:
    if expected is None:
        return "is left over"
    if got is None:
        return "is missing"
    place = next(
        (i for i, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b), min(len(expected), len(got))
    )
    return f"has {len(got)} bytes, not {len(expected)}; they part at byte {place}: {got[place : place + 60]!r}"


def report(lines: Iterator[str]) -> int:
    """Print outcomes and faults as they come, and their counts; the number of faults."""
    outcomes: Counter[str] = Counter()
    faults = []
    for line in lines:
        print(line, flush=True)
        if line.startswith("outcome: "):
            outcomes[line.removeprefix("outcome: ")] += 1
        else:
            faults.append(line)
    for text, count in sorted(outcomes.items()):
        print(f"{count:5} x {text}")
    print(f"{sum(outcomes.values())} runs: {len(faults) or 'no'} faults")
    return len(faults)


def warm(heavy: bool) -> None:
    """Import what the commands do, so that forked processes begin at once."""
    import mien.analyzer
    import mien.cli
    import mien.drawing
    import mien.sinks

    if heavy:
        import mien.train.engine.trainer  # noqa: F401
