"""Identity of a face across frames, cuts between shots, what a face shows at rest, smoothing in time."""

from mien.tracking.assignment import assign
from mien.tracking.cuts import CutDetector
from mien.tracking.looks import appearance
from mien.tracking.neutral import NeutralBaseline
from mien.tracking.smoothing import Smoother
from mien.tracking.tracker import Tracker

__all__ = ["CutDetector", "NeutralBaseline", "Smoother", "Tracker", "appearance", "assign"]
