"""Identities over time beside other trackers: IDF1, MOTA and switches on made-up sequences, at 5 and 25 fps.

All trackers get boxes and scores alone. Settings were chosen on seeds from 1000; reported are seeds from 0. Peers that
are not installed are left out: pip install trackers
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from common import arguments, finish, print_table
from made_up_sequences import DIFFICULTIES, KINDS, FrameOfSequence, sequence
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mien.faces import Faces
from mien.geometry import box_iou
from mien.tracking import Tracker

Array = NDArray[Any]
Follow = Callable[[Array, Array, float], tuple[Array, Array]]
RATES, SEEDS, HARD_SEEDS = (5, 25), range(15), range(2)
DETECTOR_THRESHOLD = 0.6


def ours(fps: int) -> Follow:
    """Our tracker, with the low scores that it asks for."""
    tracker = Tracker()

    def follow(box: Array, score: Array, time_s: float) -> tuple[Array, Array]:
        known = score >= Tracker.lowest_score
        faces = Faces(box[known], score[known], np.zeros((int(known.sum()), 5, 2)))
        tracked = tracker.update(faces, time_s)
        return tracked.box, tracked.track_id

    return follow


def from_trackers(name: str, **options: Any) -> Callable[[int], Follow]:
    """A tracker of the package `trackers`: ByteTrackTracker, SORTTracker, OCSORTTracker."""

    def start(fps: int) -> Follow:
        import supervision
        import trackers

        tracker = getattr(trackers, name)(frame_rate=float(fps), **options)

        def follow(box: Array, score: Array, time_s: float) -> tuple[Array, Array]:
            given = supervision.Detections(box.astype(np.float32), confidence=score, class_id=np.zeros(len(box), int))
            tracked = tracker.update(given)
            known = tracked.tracker_id >= 0
            return tracked.xyxy[known], tracked.tracker_id[known]

        return follow

    return start


TRACKERS: dict[str, Callable[[int], Follow]] = {
    "mien": ours,
    "ByteTrack (trackers)": from_trackers("ByteTrackTracker", high_conf_det_threshold=DETECTOR_THRESHOLD),
}


class Score:
    """IDF1 of Ristani et al. (2016), MOTA and switches of Bernardin & Stiefelhagen (2008), at an IoU of 0.5."""

    def __init__(self) -> None:
        self.together: dict[tuple[str, int, int], int] = {}
        self.truths = self.reports = self.matched = self.switches = 0
        self._last: dict[tuple[str, int], int] = {}

    def add(self, name: str, frame: FrameOfSequence, box: Array, track: Array) -> None:
        """Count one frame of the named sequence."""
        overlap = box_iou(frame.truth, np.asarray(box, float).reshape(-1, 4))
        self.truths, self.reports = self.truths + len(frame.truth), self.reports + len(track)
        before = np.array([self._last.get((name, int(i)), -1) for i in frame.identity])
        kept = before[:, None] == np.asarray(track)[None, :] if len(track) else np.zeros(overlap.shape, bool)
        for row, column in zip(*np.nonzero(overlap >= 0.5), strict=True):
            key = (name, int(frame.identity[row]), int(track[column]))
            self.together[key] = self.together.get(key, 0) + 1
        # Who was matched before stays matched while the boxes agree.
        gain = np.where(overlap >= 0.5, overlap + 10 + 1000 * kept, 0)
        for row, column in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
            if gain[row, column] > 0:
                self.matched += 1
                person = (name, int(frame.identity[row]))
                self.switches += self._last.get(person, int(track[column])) != int(track[column])
                self._last[person] = int(track[column])

    def join(self, other: "Score") -> None:
        """Add the counts of other sequences."""
        self.together |= other.together
        self.truths, self.reports = self.truths + other.truths, self.reports + other.reports
        self.matched, self.switches = self.matched + other.matched, self.switches + other.switches

    def result(self) -> dict[str, float]:
        """All measures."""
        people = sorted({(name, i) for name, i, _ in self.together})
        tracks = sorted({(name, j) for name, _, j in self.together})
        counts = np.zeros((len(people), len(tracks)))
        for (name, i, j), count in self.together.items():
            counts[people.index((name, i)), tracks.index((name, j))] = count
        hits = counts[linear_sum_assignment(counts, maximize=True)].sum()
        missed, false = self.truths - self.matched, self.reports - self.matched
        return {
            "idf1": float(2 * hits / (self.truths + self.reports)),
            "mota": 1 - (missed + false + self.switches) / self.truths,
            "switches": self.switches,
        }


def measure(task: tuple[str, int, int]) -> dict[str, dict[str, Score]]:
    """Scores of each tracker that is installed on the sequences of one difficulty, frame rate and seed, by kind."""
    label, fps, seed = task
    scores = {name: {kind: Score() for kind in KINDS} for name in TRACKERS if _is_installed(name)}
    for kind in KINDS:
        frames = sequence(kind, fps, seed, DIFFICULTIES[label])
        for name, by_kind in scores.items():
            follow = TRACKERS[name](fps)
            for frame in frames:
                by_kind[kind].add(f"{kind} {seed}", frame, *follow(frame.box, frame.score, frame.time_s))
    return scores


def _is_installed(name: str) -> bool:
    try:
        TRACKERS[name](25)
    except ImportError as error:
        print(f"{name}: not installed ({error.name})")
        return False
    return True


def main() -> None:
    """Compare all at both rates, on the usual sequences and on those that are hard in other ways."""
    given = arguments(__doc__)
    seeds = {label: (SEEDS if label == "usual" else HARD_SEEDS)[: 1 if given.quick else None] for label in DIFFICULTIES}
    tasks = [(label, fps, seed) for label in DIFFICULTIES for fps in RATES for seed in seeds[label]]
    totals: dict[str, dict[str, Score]] = {}
    with ProcessPoolExecutor(2) as pool:
        for (label, fps, _), scores in zip(tasks, pool.map(measure, tasks), strict=True):
            for name, by_kind in scores.items():
                total = totals.setdefault(f"{label}, {fps} fps, {name}", {part: Score() for part in ("all", *KINDS)})
                for kind, score in by_kind.items():
                    total["all"].join(score)
                    total[kind].join(score)
    results = {name: {part: score.result() for part, score in parts.items()} for name, parts in totals.items()}
    rows = [
        (name, f"{r['all']['idf1']:.4f}", r["all"]["mota"], r["all"]["switches"], *(r[kind]["idf1"] for kind in KINDS))
        for name, r in results.items()
    ]
    print_table(["sequences, tracker", "IDF1", "MOTA", "switches", *KINDS], rows)
    headlines = {f"IDF1, {name}": f"{r['all']['idf1']:.3f}" for name, r in results.items() if name.startswith("usual")}
    numbers = {"sequences": len(seeds["usual"]) * len(KINDS), "sequences_of_others": len(seeds["crowd"]) * len(KINDS)}
    finish("tracking", given, {**numbers, "trackers": results}, headlines, (2,))


if __name__ == "__main__":
    main()
