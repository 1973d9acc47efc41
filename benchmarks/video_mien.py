"""Reads a clip with mien, and says how fast: video_mien.py CLIP exact|followed [ROWS.npz]."""

import json
import sys
import time

import numpy as np

from mien.analyzer import Analyzer
from mien.faces import Faces


def main() -> None:
    """Print frames, seconds by the clock and of the processor, without loading."""
    clip, way, *rows = sys.argv[1:]
    analyzer = Analyzer()
    next(iter(analyzer.video(clip)))  # what is made once
    start, used = time.perf_counter(), time.process_time()
    seen = [frame.faces for frame in analyzer.video(clip, exact=way == "exact")]
    print(json.dumps({"frames": len(seen), "s": time.perf_counter() - start, "cpu_s": time.process_time() - used}))
    if rows:
        np.savez(rows[0], **_columns(seen))


def _columns(seen: list[Faces]) -> dict[str, np.ndarray]:
    counts = np.array([len(faces) for faces in seen])
    some = Faces.concat([faces for faces in seen if len(faces)])
    return {
        "frame": np.repeat(np.arange(len(seen)), counts),
        "track": some.track_id,
        "box": some.box,
        "points": some.landmarks_68,
        "yaw": some.pose.yaw,
        "units": some.action_units.intensity,
        "age": np.stack([some.age.value, some.age.low, some.age.high], 1),
    }


if __name__ == "__main__":
    main()
