"""What is remembered from frame to frame of one video, after its faces were read."""

from collections.abc import Callable
from dataclasses import replace

from mien.expression.emotion import EvidenceModel
from mien.faces import Faces
from mien.geometry import Image
from mien.tracking import NeutralBaseline, Smoother, Tracker

Slow = Callable[[Faces, Image, float], Faces]


class Watch:
    """Gives faces their ids, fused reads, what they show beyond their rest, smoothed numbers; in this order.

    smooth: seconds, 0 for none. evidence: for the emotion of calibrated Action Units, where `neutral`.
    slow: adds what is not read at each frame, see `SlowReads`.
    """

    def __init__(
        self,
        smooth: float,
        neutral: bool = False,
        evidence: EvidenceModel | None = None,
        high_score: float = 0.6,
        slow: Slow | None = None,
    ) -> None:
        self.tracker = Tracker(high_score=high_score)
        self.slow = slow
        self.smoother = Smoother(smooth) if smooth > 0 else None
        self.baseline = NeutralBaseline() if neutral else None
        self.evidence = evidence

    def __call__(self, faces: Faces, crops: Image, image: Image, time_s: float, cut: bool) -> Faces:
        """The faces (N) of the next frame; crops (N, S, S, 3) are aligned; cut says that a new shot begins."""
        if cut:
            self.tracker.reset()
        tracked = self.tracker.update(faces, time_s, crops if len(crops) == len(faces) else None)
        if self.slow:
            tracked = self.slow(tracked, image, time_s)
        if self.baseline:
            tracked = self._calibrated(self.baseline.update(tracked, time_s))
        return self.smoother.update(tracked, time_s, cut) if self.smoother else tracked

    def _calibrated(self, faces: Faces) -> Faces:
        """The faces with the emotion that the calibrated Action Units tell."""
        if faces.action_units is None or self.evidence is None:
            return faces
        return replace(faces, emotion=self.evidence(faces.action_units))
