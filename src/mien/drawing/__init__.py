"""Images of what was found: annotated photos and videos, time lines of Action Units."""

from mien.drawing.annotator import Annotator
from mien.drawing.picture import Drawing, draw
from mien.drawing.timeline import timeline

__all__ = ["Annotator", "Drawing", "draw", "timeline"]
