"""Frames a second at 640 x 480 with one face and all heads, on 1 and 2 threads, and milliseconds by stage.

`images` is one call of Analyzer.images a frame; `video` is Analyzer.video on a file, decoding and tracking
included.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from common import Image, arguments, finish, on_canvas, print_table, seconds, spread, write_video

from mien import Analyzer
from mien.geometry import align

THREADS = (1, 2)


def main() -> None:
    """Time both paths and every stage, on each number of threads."""
    given = arguments(__doc__)
    repeats = 20 if given.quick else 300
    picture = on_canvas(640, 480)
    results: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        video = Path(folder) / "one_face.mp4"
        write_video(video, _moving(picture, repeats + 10))
        for threads in THREADS:
            cv2.setNumThreads(threads)
            results[f"threads_{threads}"] = measure(Analyzer(threads=threads), picture, video, repeats)
    report(results)
    rates = {
        f"640 x 480, one face, all heads, {path} ({threads} thread{'s' * (threads > 1)})": (
            f"{results[f'threads_{threads}'][f'{path}_frames_per_second']:.0f} frames/s"
        )
        for path in ("images", "video")
        for threads in THREADS
    }
    finish("end_to_end", given, {"size": [640, 480], "faces": 1, **results}, rates, THREADS)


def _moving(picture: Image, count: int) -> Iterator[Image]:
    """The picture, swaying by some pixels."""
    for i in range(count):
        yield np.roll(picture, round(10 * np.sin(i / 10)), axis=1)


def measure(analyzer: Analyzer, picture: Image, video: Path, repeats: int) -> dict[str, Any]:
    """Seconds a frame by path, frames a second of the medians, milliseconds by stage."""
    if len(analyzer.images([picture])[0]) != 1:
        raise SystemExit("The benchmark's picture must show one face to the analyzer.")
    paths = {
        "images": spread(seconds(lambda: analyzer.images([picture]), repeats)),
        "video": spread(_between_frames(analyzer, video)[10:]),
    }
    rates = {f"{name}_frames_per_second": 1 / timing["median"] for name, timing in paths.items()}
    timed = {name: seconds(stage, repeats) for name, stage in stages(analyzer, picture).items()}
    return {
        **rates,
        "seconds_a_frame": paths,
        "stage_milliseconds": {name: spread(1000 * took for took in times) for name, times in timed.items()},
    }


def _between_frames(analyzer: Analyzer, video: Path) -> list[float]:
    took, last = [], time.perf_counter()
    for frame in analyzer.video(video):
        now = time.perf_counter()
        took.append(now - last)
        last = now
        assert frame.status == "ok"
    return took


def stages(analyzer: Analyzer, picture: Image) -> dict[str, Callable[[], object]]:
    """What a frame goes through, each stage with the true output of the one before."""
    found = analyzer.detector(picture)
    faces = analyzer.landmarker([picture], [found])[0]
    heads = analyzer.heads
    templates = {head.template for head in heads}
    crops = {template: align(picture, faces.landmarks, template) for template in templates}
    outputs = [head.model(crops[head.template]) for head in heads]
    networks = {head.model.card.name: lambda head=head: head.model(crops[head.template]) for head in heads}
    return {
        "detector": lambda: analyzer.detector(picture),
        "landmarks": lambda: analyzer.landmarker([picture], [found]),
        "align": lambda: [align(picture, faces.landmarks, template) for template in templates],
        **networks,
        "decode": lambda: [head.decode(faces, output) for head, output in zip(heads, outputs, strict=True)],
    }


def report(results: dict[str, Any]) -> None:
    """Print frames a second and the milliseconds of each stage."""
    columns = list(results.values())
    rows: list[list[object]] = [
        [f"{path}, frames/s", *(column[f"{path}_frames_per_second"] for column in columns)]
        for path in ("images", "video")
    ]
    for stage in columns[0]["stage_milliseconds"]:
        rows.append([f"{stage}, ms", *(column["stage_milliseconds"][stage]["median"] for column in columns)])
    print_table(["640 x 480, one face", *results], rows)


if __name__ == "__main__":
    main()
