"""Videos: speed beside MediaPipe's face landmarker with blendshapes, in turn on two cores; accuracy against `exact`.

scripts/bench video [--heads MODEL.npz PEOPLE.parquet]: rendered heads, with the assets of `mien data synthesize`,
instead of photos of two people.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import RESULTS, ROOT, Image, finish, print_table, write_video
from peers.catalog import peers
from peers.environments import command_of, install
from video_clips import CLIPS, frames, load_heads
from video_scores import compare

HERE = Path(__file__).parent
CORES = 2
PARTS = ("speed", "accuracy")
SPEED = {"alone": 1, "crowd": 30}
"""Clips that are timed, with the faces that MediaPipe is told to look for."""


def main() -> None:
    """Make the clips, time both, compare the readings."""
    given = _arguments()
    _two_cores()
    with tempfile.TemporaryDirectory() as folder:
        clips = _clips(Path(folder), given)
        timed = [name for name in SPEED if name in clips and "speed" in given.parts]
        speed = {name: _speed(clips[name], SPEED[name], given.repeats) for name in timed}
        accuracy = {name: _accuracy(clip) for name, clip in clips.items() if "accuracy" in given.parts}
    rows = [(name, who, *values) for name, told in speed.items() for who, values in _told(told)]
    print_table(["clip", "reader", "fps", "CPU ms a frame"], rows)
    columns = ("recall", "precision", "iou", "nme", "units", "yaw", "switches")
    header = ["clip", "against exact", *columns]
    print_table(header, [(n, w, *(d.get(c) for c in columns)) for n, both in accuracy.items() for w, d in both.items()])
    headlines = {f"mien over MediaPipe, {n}": f"{t['ratio']:.2f}" for n, t in speed.items() if "ratio" in t}
    finish("video", given, {"speed": speed, "accuracy": accuracy}, headlines, (CORES,))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one second of two clips; writes no results")
    parser.add_argument("--out", type=Path, help=f"folder of the results (default: {RESULTS.relative_to(ROOT)})")
    parser.add_argument("--heads", type=Path, nargs=2, metavar=("MODEL", "PEOPLE"), help="assets of rendered heads")
    parser.add_argument("--clips", nargs="+", choices=CLIPS, help="some of the clips")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each clip")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each reader")
    parser.add_argument("--folder", type=Path, help="keep the clips here, and take those that are there")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what is measured")
    given = parser.parse_args()
    if given.quick:
        given.clips, given.seconds, given.repeats = given.clips or ["alone"], 1.0, 1
    return given


def _two_cores() -> None:
    """Keep this process and its children to two cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def _clips(folder: Path, given: argparse.Namespace) -> dict[str, Path]:
    folder = given.folder or folder
    folder.mkdir(parents=True, exist_ok=True)
    clips = {name: folder / f"{name}.mp4" for name in given.clips or CLIPS}
    missing = [name for name, clip in clips.items() if not clip.is_file()]
    heads = load_heads(*(given.heads or (None, None)), 30) if missing else []
    for name in missing:
        write_video(clips[name], frames(name, heads, given.seconds))
    return clips


def _speed(clip: Path, faces: int, repeats: int) -> dict[str, Any]:
    """Frames a second of each reader, run in turn, and the median ratio within a turn."""
    readers = {"mien": lambda: _mien(clip, "followed"), "mien, exact": lambda: _mien(clip, "exact")}
    peer = _mediapipe()
    if peer:
        readers["MediaPipe"] = lambda: _last_line([*peer, str(HERE / "video_mediapipe.py"), str(clip), str(faces)])
    turns = [{name: read() for name, read in readers.items()} for _ in range(repeats)]
    told: dict[str, Any] = {"turns": turns}
    if peer:
        told["ratio"] = statistics.median(_fps(turn["mien"]) / _fps(turn["MediaPipe"]) for turn in turns)
        cpu = [turn["MediaPipe"]["cpu_s"] / turn["mien"]["cpu_s"] for turn in turns]
        told["cpu_ratio"] = statistics.median(cpu)
    return told


def _told(speed: dict[str, Any]) -> Iterator[tuple[str, tuple[float, float]]]:
    for who in speed["turns"][0]:
        runs = [turn[who] for turn in speed["turns"]]
        cpu = statistics.median(1000 * run["cpu_s"] / run["frames"] for run in runs)
        yield who, (statistics.median(map(_fps, runs)), cpu)


def _fps(run: dict[str, float]) -> float:
    return run["frames"] / run["s"]


def _accuracy(clip: Path) -> dict[str, dict[str, float]]:
    """Followed against exact; and exact against itself on the clip moved by half a pixel, which is its noise."""
    moved = clip.with_name(f".{clip.stem}_moved.mp4")
    write_video(moved, _moved(clip))
    readings = {}
    for name, path, way in (("followed", clip, "followed"), ("exact", clip, "exact"), ("noise", moved, "exact")):
        rows = clip.with_name(f".{clip.stem}_{name}.npz")
        _mien(path, way, rows)
        readings[name] = dict(np.load(rows))
    for name in ("box", "points"):
        readings["noise"][name] = readings["noise"][name] - 0.5
    return {name: compare(readings[name], readings["exact"]) for name in ("followed", "noise")}


def _moved(clip: Path) -> Iterator[Image]:
    capture = cv2.VideoCapture(str(clip))
    half = np.float32([[1, 0, 0.5], [0, 1, 0.5]])
    while True:
        ok, frame = capture.read()
        if not ok:
            return
        size = frame.shape[1::-1]
        yield np.asarray(cv2.warpAffine(frame, half, size, borderMode=cv2.BORDER_REPLICATE)[..., ::-1], np.uint8)


def _mien(clip: Path, way: str, rows: Path | None = None) -> dict[str, float]:
    return _last_line([sys.executable, str(HERE / "video_mien.py"), str(clip), way, *([str(rows)] if rows else [])])


def _last_line(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} failed: {done.stderr[-600:]}")
    told: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def _mediapipe() -> list[str] | None:
    """The interpreter of MediaPipe's environment; None, with a reason, where it cannot be made."""
    peer = peers()["mediapipe"]
    try:
        install(peer)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return None
    return command_of(peer)[0][:1]


if __name__ == "__main__":
    main()
