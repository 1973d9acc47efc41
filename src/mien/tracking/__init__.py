"""Identity of a face across frames, cuts between shots, and smoothing in time."""

from mien.tracking.assignment import assign
from mien.tracking.cuts import CutDetector
from mien.tracking.smoothing import Smoother
from mien.tracking.tracker import Tracker, appearance

__all__ = ["CutDetector", "Smoother", "Tracker", "appearance", "assign"]
