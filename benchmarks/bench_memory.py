"""Resident memory while 10,000 frames of one video are streamed; aim: at most 5 % more than after 500 frames."""

import multiprocessing
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from common import Image, arguments, finish, on_canvas, print_table, write_video

from mien import Analyzer

SETTLED, EVERY, AIM_PERCENT = 500, 50, 5.0
SCENE = 500


def scenes(count: int) -> Iterator[Image]:
    """One swaying face; every 500 frames it is gone for a while, then comes back in another light."""
    picture = on_canvas(320, 240)
    light = [np.clip(picture * gain, 0, 255).astype(np.uint8) for gain in (1.0, 0.6, 1.3)]
    for i in range(count):
        if i % SCENE < 20:
            yield np.full_like(picture, 40 + i // SCENE * 7 % 100)
        else:
            yield np.roll(light[i // SCENE % 3], round(20 * np.sin(i / 25)), axis=1)


def make_video(path: Path, count: int) -> None:
    """Write the video; run in another process, so that its memory does not count here."""
    write_video(path, scenes(count))


def resident_mb() -> float:
    """Resident memory of this process in MB; where /proc is missing, the most that it ever was."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / 1e6 if sys.platform == "darwin" else most / 1e3
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def stream(video: Path) -> tuple[dict[int, float], int, int]:
    """Memory after each 50th frame; how many frames showed a face, and how many tracks there were."""
    samples: dict[int, float] = {}
    tracks: set[int] = set()
    seen = count = 0
    for count, frame in enumerate(Analyzer(threads=1).video(video, smooth=0.2), 1):
        if frame.faces.track_id is not None:
            tracks.update(frame.faces.track_id.tolist())
        seen += frame.status == "ok"
        if count % EVERY == 0:
            samples[count] = resident_mb()
    return samples, seen, len(tracks)


def main() -> None:
    """Stream the video and compare."""
    given = arguments(__doc__)
    count = 1500 if given.quick else 10_000
    with TemporaryDirectory() as folder:
        video = Path(folder) / "long.mp4"
        maker = multiprocessing.get_context("spawn").Process(target=make_video, args=(video, count))
        maker.start()
        maker.join()
        if maker.exitcode:
            raise SystemExit("The video could not be written.")
        samples, seen, tracks = stream(video)
    if max(samples) < count - EVERY or not seen:
        raise SystemExit(f"The video must give {count} frames and a face. Got {max(samples)} and {seen} with a face.")
    base = samples[SETTLED]
    later = [value for frame, value in samples.items() if frame > SETTLED]
    growth = {name: 100 * (value / base - 1) for name, value in (("end", later[-1]), ("peak", max(later)))}
    print_table(
        ["320 x 240", "MB after 500", "MB at the end", "MB at most", "growth at most %", "aim %"],
        [(f"{count} frames", base, later[-1], max(later), growth["peak"], AIM_PERCENT)],
    )
    results = {
        "frames": count,
        "frames_with_a_face": seen,
        "tracks": tracks,
        "growth_percent": growth,
        "aim_percent": AIM_PERCENT,
        "aim_met": growth["peak"] <= AIM_PERCENT,
        "resident_mb": samples,
    }
    grown = {f"memory over {count} frames, growth after the first 500": f"{growth['peak']:.1f} %"}
    finish("memory", given, results, grown, (1,))


if __name__ == "__main__":
    main()
