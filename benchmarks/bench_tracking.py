"""Identities over time beside other trackers: IDF1, MOTA and switches on made-up sequences, at 5 and 25 fps.

All trackers get boxes and scores alone. Settings were chosen on seeds from 1000; reported are seeds from 0. Peers that
are not installed are left out: pip install trackers
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from common import arguments, finish, print_table
from made_up_sequences import KINDS, FrameOfSequence, sequence
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mien.faces import Faces
from mien.geometry import box_iou
from mien.tracking import Tracker

Array = NDArray[Any]
Follow = Callable[[Array, Array, float], tuple[Array, Array]]
RATES, SEEDS = (5, 25), range(15)
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


def ours_high_scores(fps: int) -> Follow:
    """Our tracker on what the detector reports in photos."""
    follow = ours(fps)

    def keep_high(box: Array, score: Array, time_s: float) -> tuple[Array, Array]:
        high = score >= DETECTOR_THRESHOLD
        return follow(box[high], score[high], time_s)

    return keep_high


def from_trackers(name: str, **options: Any) -> Callable[[int], Follow]:
    """SORT, ByteTrack and OC-SORT as the package `trackers` has them."""

    def start(fps: int) -> Follow:
        import supervision
        import trackers

        tracker = getattr(trackers, name)(frame_rate=float(fps), **options)

        def follow(box: Array, score: Array, time_s: float) -> tuple[Array, Array]:
            given = supervision.Detections(box.astype(np.float32), confidence=score, class_id=np.zeros(len(box), int))
            found = tracker.update(given)
            known = found.tracker_id >= 0
            return found.xyxy[known], found.tracker_id[known]

        return follow

    return start


TRACKERS: dict[str, Callable[[int], Follow]] = {
    "mien": ours,
    "mien, high scores": ours_high_scores,
    "ByteTrack (trackers)": from_trackers("ByteTrackTracker", high_conf_det_threshold=DETECTOR_THRESHOLD),
    "SORT (trackers)": from_trackers("SORTTracker", track_activation_threshold=DETECTOR_THRESHOLD),
    "OC-SORT (trackers)": from_trackers("OCSORTTracker", high_conf_det_threshold=DETECTOR_THRESHOLD),
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


def measure(start: Callable[[int], Follow], fps: int, seeds: Iterable[int]) -> dict[str, dict[str, float]]:
    """Measures by kind of sequence and of all together."""
    scores = {kind: Score() for kind in (*KINDS, "all")}
    for seed in seeds:
        for kind in KINDS:
            follow = start(fps)
            for frame in sequence(kind, fps, seed):
                box, track = follow(frame.box, frame.score, frame.time_s)
                for score in (scores[kind], scores["all"]):
                    score.add(f"{kind} {seed}", frame, box, track)
    return {kind: score.result() for kind, score in scores.items()}


def main() -> None:
    """Compare all at both rates."""
    given = arguments(__doc__)
    seeds = range(2) if given.quick else SEEDS
    results: dict[str, Any] = {}
    for fps in RATES:
        for name, start in TRACKERS.items():
            try:
                results[f"{name}, {fps} fps"] = measure(start, fps, seeds)
            except ImportError as error:
                print(f"{name}: not installed ({error.name})")
    rows = [
        (name, one["all"]["idf1"], one["all"]["mota"], one["all"]["switches"], *(one[kind]["idf1"] for kind in KINDS))
        for name, one in results.items()
    ]
    print_table(["tracker", "IDF1", "MOTA", "switches", *KINDS], rows)
    headlines = {f"IDF1, {name}": f"{one['all']['idf1']:.3f}" for name, one in results.items()}
    finish("tracking", given, {"sequences": len(seeds) * len(KINDS), "trackers": results}, headlines, (1,))


if __name__ == "__main__":
    main()
