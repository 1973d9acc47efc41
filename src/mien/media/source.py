"""One thing that can be read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Source:
    """One photo, video or camera, or an error with its reason; name is what results show.

    pause: nothing has come after it on standard input yet.
    """

    name: str
    kind: Literal["photo", "video", "camera", "error"]
    path: Path | None = None
    reason: str | None = None
    pause: bool = False

    @property
    def camera(self) -> int | None:
        """Number of the camera.

        >>> Source("webcam:1", "camera").camera
        1
        """
        return int(self.name.removeprefix("webcam:")) if self.kind == "camera" else None
