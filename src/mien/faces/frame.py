"""What was read in one image, or in one frame of a video."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.faces.faces import Faces


@dataclass(frozen=True, slots=True)
class Frame:
    """What was read in one image, or in one frame of a video.

    status is 'ok', 'no_face' or 'error'; reason says why when it is 'error'. index is the number and time_s
    the time of a video frame; image (H, W, 3) is RGB uint8, or None when it was not asked for.
    """

    source: str
    faces: Faces
    status: str = "ok"
    reason: str | None = None
    index: int | None = None
    time_s: float | None = None
    image: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        if self.status not in ("ok", "no_face", "error"):
            raise InputError(f"'status' must be 'ok', 'no_face' or 'error'. Got {self.status!r}.")

    def to_dicts(self) -> list[dict[str, Any]]:
        """One plain dictionary a face; one in all when there is no face or an error."""
        head = {"source": self.source, "status": self.status, "frame": self.index, "time_s": self.time_s}
        if self.status == "error":
            return [{**head, "reason": self.reason, "face": None}]
        return [{**head, **row} for row in self.faces.to_dicts()] or [{**head, "face": None}]

    def _repr_html_(self) -> str:
        """What a notebook shows: the image, where it was kept, with an overlay, and a table."""
        from mien.faces.notebook import html_of

        time_s = "" if self.time_s is None else f" at {self.time_s:.2f} s"
        reason = f": {escape(self.reason)}" if self.reason else ""
        head = f"<p><b>{escape(self.source)}</b>{time_s}{reason}</p>"
        return head if self.status == "error" else head + html_of(self.faces, self.image)
