"""Faces of a video followed from frame to frame: landmarks cut the next crop, the detector looks now and then."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect
from mien.faces import Faces
from mien.faces.parts import Array
from mien.geometry import Image, apply_affine, non_maximum_suppression, outer_eye_distance, similarity
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker
from mien.tracking import CutDetector, Tracker
from mien.video.motion import Followed, best_overlap, missed, placed_box, shared_part

LOOK_S = 0.2
"""Seconds between two looks of the detector."""
_SEARCH_S = 0.5  # after a face was lost the detector looks at each frame for so long
_SAME = 0.3  # intersection over union from which two boxes may be one face
_CROWDED = 0.4  # and from which the detector would tell one of the two alone
_JUMP = 0.15  # change of shape in one frame, in distances of the outer eye corners, that no face makes
_MOST_MISSES = 1  # looks that may miss a face whose presence is told
_APART = 0.2  # part of a face, at most, that may lie over another where the detector sees that alone


@dataclass(frozen=True, slots=True)
class Sighting:
    """Faces of a frame with landmarks and pose; whether a new shot begins with it, and whether the detector looked."""

    faces: Faces
    cut: bool
    looked: bool


class Follower:
    """Finds the faces of the frames of one video, in their order.

    Where the detector looked the answer is that of a photo; in between, each face is read from a crop that its last
    landmarks cut, moved on with its motion, and once more where that crop missed it. The detector looks every `look_s`
    seconds, twice as often where no face is known, on cuts, at once where a face may be lost (its presence below the
    landmarker's threshold, a shape that jumps, two faces on one place), and at each frame for half a second after one
    was lost.

    detector, landmarker: of an `Analyzer`.
    """

    def __init__(self, detector: Detector, landmarker: Landmarker, look_s: float = LOOK_S) -> None:
        expect(look_s >= 0, "look_s", "a number of seconds of at least 0", look_s)
        self.detector, self.landmarker, self.look_s = detector, landmarker, look_s
        self._cuts = CutDetector()
        self._forget()

    def _forget(self) -> None:
        self._known = Followed.start(_NONE, 0.0)
        self._lost = np.zeros((0, 4))
        self._looked_s = self._lost_s = -np.inf

    def update(self, image: Image, time_s: float) -> Sighting:
        """The faces of the next frame (H, W, 3), RGB."""
        expect(bool(np.isfinite(time_s)), "time_s", "a finite number of seconds", time_s)
        cut = self._cuts.is_cut(image)
        if cut:
            self._forget()
        followed = None if self._is_due(time_s) else self._follow(image, time_s)
        looked = followed is None
        self._known = self._look(image, time_s) if followed is None else followed
        return Sighting(replace(self._known.faces, track_id=None), cut, looked)

    def _is_due(self, time_s: float) -> bool:
        pause = self.look_s if len(self._known.faces) else self.look_s / 2
        return time_s - self._looked_s >= pause - 1e-3 or time_s - self._lost_s <= _SEARCH_S

    def _follow(self, image: Image, time_s: float) -> Followed | None:
        """The known faces in the next frame; None where one of them may be lost."""
        known = self._known
        if not len(known.faces):
            return known
        faces = self._read(image, known, known.predict(time_s))
        if len(faces) < len(known.faces) or (_shape_change(known.faces, faces) > _JUMP).any():
            return None
        alone = len(non_maximum_suppression(faces.box, faces.score, _CROWDED)) == len(faces)
        return known.moved(faces, time_s) if alone else None

    def _read(self, image: Image, known: Followed, expected: Faces) -> Faces:
        """The known faces, read where they are expected, and again where that missed them; those that are faces."""
        faces = self._place(image, known, expected)
        again = missed(expected.box[faces.track_id], faces.box)
        if not again.any():
            return faces
        second = self._place(image, known.pick(faces.track_id[again]), faces.select(again))
        rows = np.flatnonzero(again)[second.track_id]
        if len(rows) < again.sum():
            return faces.select(~again)
        return _with_rows(faces, rows, second)

    def _place(self, image: Image, known: Followed, expected: Faces) -> Faces:
        """Landmarks, pose and boxes of the expected faces; `track_id` says which of them each is."""
        numbered = replace(expected, track_id=np.arange(len(expected)), landmarks_68=None, pose=None)
        faces = self.landmarker([image], [numbered])[0]
        return replace(faces, box=placed_box(faces, known.margin[faces.track_id]).astype(np.float32))

    def _look(self, image: Image, time_s: float) -> Followed:
        """The faces that the detector sees, and known ones that it misses for the moment."""
        known, expected = self._known, self._known.predict(time_s)
        lowest = Tracker.lowest_score
        detected = self.detector.batch([image], lowest)[0]
        lost = self._lost if time_s - self._lost_s <= _SEARCH_S else self._lost[:0]
        near = best_overlap(detected.box, np.concatenate([expected.box, lost]))[0] > _SAME
        detected = detected.select(near | (detected.score >= self.detector.score_threshold))
        seen = self._detected(image, detected, known, time_s)
        # Of two known faces on one place only that which a seen face is likest to goes on.
        overlap, which = best_overlap(seen.faces.box, expected.box)
        unseen = np.setdiff1d(np.arange(len(expected)), which[overlap > _SAME])
        hidden, rows = self._hidden(image, known.pick(unseen), time_s)
        apart = shared_part(hidden.faces.box, seen.faces.box) <= _APART
        hidden, rows = hidden.pick(apart), rows[apart]
        self._looked_s = time_s
        gone = np.setdiff1d(unseen, unseen[rows])
        if len(gone):
            self._lost, self._lost_s = expected.box[gone], time_s
        return seen.join(hidden)

    def _detected(self, image: Image, detected: Faces, known: Followed, time_s: float) -> Followed:
        """Faces of the detector, with the velocity of the known ones that they go on from."""
        faces = self.landmarker([image], [detected])[0]
        if not len(faces):
            return Followed.start(_NONE, time_s)
        fresh = Followed.start(faces, time_s)
        overlap, which = best_overlap(faces.box, known.predict(time_s).box)
        same = overlap > _SAME
        velocity = fresh.velocity.copy()
        velocity[same] = known.pick(which[same]).moved(faces.select(same), time_s).velocity
        return replace(fresh, velocity=velocity)

    def _hidden(self, image: Image, unseen: Followed, time_s: float) -> tuple[Followed, NDArray[np.int64]]:
        """Known faces that the detector misses and the landmarker's presence vouches for; which of them."""
        rows = np.flatnonzero((unseen.misses < _MOST_MISSES) & self._tells_presence)
        vouched = unseen.pick(rows)
        if not len(rows):
            return vouched, rows
        faces = self._read(image, vouched, vouched.predict(time_s))
        faces = faces.select(_shape_change(vouched.faces.select(faces.track_id), faces) <= _JUMP)
        here = vouched.pick(faces.track_id)
        return replace(here.moved(faces, time_s), misses=here.misses + 1), rows[faces.track_id]

    @property
    def _tells_presence(self) -> bool:
        return "presence" in self.landmarker.model.card.outputs and self.landmarker.min_presence > 0


_NONE = replace(Faces.empty(), landmarks_68=np.zeros((0, 68, 2), np.float32))


def _shape_change(before: Faces, after: Faces) -> Array:
    """Mean distance (N,) of the landmarks from those before, laid over them, in distances of the outer eye corners."""
    old, new = before.require("landmarks_68"), after.require("landmarks_68")
    laid = apply_affine(similarity(old, new), old)
    return np.asarray(np.linalg.norm(laid - new, axis=-1).mean(1) / np.maximum(outer_eye_distance(new), 1e-3))


def _with_rows(faces: Faces, rows: NDArray[np.int64], other: Faces) -> Faces:
    """The faces with some rows taken from others; `track_id` stays."""
    order = np.arange(len(faces))
    order[rows] = len(faces) + np.arange(len(rows))
    return replace(Faces.concat([faces, other]).select(order), track_id=faces.track_id)
