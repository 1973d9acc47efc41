"""Made-up clips of faces that turn, leave, return, cross, are hidden and cut: photos or rendered heads."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from common import Image, portrait

FPS = 25.0
SMALL, LARGE = (640, 480), (1920, 1080)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a head is in a frame: its middle and side in pixels, its pose in degrees, how much it smiles (0 to 1)."""

    x: float
    y: float
    side: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    smile: float = 0.0


class Head(Protocol):
    """One person."""

    def draw(self, frame: Image, place: Place) -> None:
        """Draw the person into a frame."""


class PhotoHead:
    """The portrait that scikit-image carries or, mirrored and tinted, another person's; it turns in plane only."""

    def __init__(self, other: bool = False) -> None:
        photo = portrait()[0:230, 110:340]
        self.photo = np.ascontiguousarray(photo[:, ::-1, ::-1]) if other else photo
        y, x = np.mgrid[:230, :230]
        self.mask = (np.hypot((x - 115) / 80, (y - 115) / 112) < 1).astype(np.float32)

    def draw(self, frame: Image, place: Place) -> None:
        """Paste the ellipse of the head."""
        scale = place.side / 230 * (1 - 0.1 * abs(math.sin(math.radians(place.yaw))))
        half = round(0.6 * place.side)
        matrix = cv2.getRotationMatrix2D((115, 115), place.roll, scale)
        matrix[:, 2] += [place.x % 1 + half - 115, place.y % 1 + half - 115]
        size = (2 * half, 2 * half)
        near = cv2.GaussianBlur(cv2.warpAffine(self.mask, matrix, size), (5, 5), 0)[..., None]
        part = cv2.warpAffine(self.photo, matrix, size)
        _blend(frame, part, near, math.floor(place.x) - half, math.floor(place.y) - half)


def _blend(frame: Image, part: Image, weight: Image, x: int, y: int) -> None:
    """Lay a square part over a frame at its upper left corner; what lies outside is cut off."""
    side, (height, width) = len(part), frame.shape[:2]
    rows, columns = (slice(max(0, -at), min(side, end - at)) for at, end in ((y, height), (x, width)))
    if rows.start < rows.stop and columns.start < columns.stop:
        seen = frame[y + rows.start : y + rows.stop, x + columns.start : x + columns.stop]
        weight = weight[rows, columns]
        seen[:] = seen * (1 - weight) + part[rows, columns] * weight


class RenderedHead:
    """A person of the synthetic heads, drawn over what is behind."""

    def __init__(self, model: Any, person: Any) -> None:
        self.model, self.person = model, person

    def draw(self, frame: Image, place: Place) -> None:
        """Draw the head; what lies outside the frame is cut off."""
        from mien.facs import CODES
        from mien.synthesis.head import Scene, render

        side = round(place.side)
        x, y = round(place.x - side / 2), round(place.y - side / 2)
        around = cv2.copyMakeBorder(frame, side, side, side, side, cv2.BORDER_REPLICATE)
        if not (0 <= y + side <= around.shape[0] - side and 0 <= x + side <= around.shape[1] - side):
            return
        shown = np.zeros(len(CODES), np.float32)
        shown[[CODES.index("AU06"), CODES.index("AU12")]] = place.smile * np.array([0.6, 1.0])
        scene = Scene(left=shown, right=shown, yaw=place.yaw, pitch=place.pitch, roll=place.roll)
        scene.background = around[y + side : y + 2 * side, x + side : x + 2 * side]
        around[y + side : y + 2 * side, x + side : x + 2 * side] = render(self.model, self.person, scene, side).image
        frame[:] = around[side:-side, side:-side]


def load_heads(model: Path | None, people: Path | None, n: int) -> list[Head]:
    """n rendered people of the assets of `mien data synthesize`; without them photos of two, in turn."""
    if model is None or people is None:
        return [PhotoHead(other=i % 2 == 1) for i in range(n)]
    from mien.synthesis.assets import load_model, load_people

    shape = load_model(model)
    persons = load_people(people, shape)
    return [RenderedHead(shape, persons[i % len(persons)]) for i in range(n)]


def backdrop(size: tuple[int, int], seed: int = 0) -> Image:
    """A blurred picture of coarse patches."""
    coarse = np.random.default_rng(seed).integers(40, 200, (9, 12, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _swing(t: float, period_s: float, phase: float = 0.0) -> float:
    return math.sin(2 * math.pi * (t / period_s + phase))


def _alone(heads: list[Head], t: float, length_s: float) -> Image:
    frame = backdrop(SMALL)
    where = (320 + 90 * _swing(t, 4), 240 + 30 * _swing(t, 3))
    heads[0].draw(
        frame, Place(*where, 260 + 50 * _swing(t, 5), 15 * _swing(t, 3), roll=8 * _swing(t, 4), smile=_swing(t, 6))
    )
    return frame


def _turns(heads: list[Head], t: float, length_s: float) -> Image:
    frame = backdrop(SMALL, 1)
    heads[1].draw(frame, Place(320, 240, 280, 60 * _swing(t, 4), 25 * _swing(t, 3), 15 * _swing(t, 5)))
    return frame


def _exits(heads: list[Head], t: float, length_s: float) -> Image:
    frame = backdrop(SMALL, 2)
    heads[2].draw(frame, Place(320 + 520 * _swing(t, length_s / 2), 240, 240, 20 * _swing(t, 3)))
    return frame


def _crossing(heads: list[Head], t: float, length_s: float) -> Image:
    frame = backdrop(SMALL, 3)
    path = 190 * _swing(t, length_s / 2, 0.25)
    heads[3].draw(frame, Place(320 - path, 230, 200, -0.1 * path))
    heads[0].draw(frame, Place(320 + path, 250, 230, 0.1 * path))
    return frame


def _hidden(heads: list[Head], t: float, length_s: float) -> Image:
    frame = backdrop(SMALL, 4)
    heads[1].draw(frame, Place(320 + 40 * _swing(t, 5), 240, 260, 10 * _swing(t, 4)))
    x = round(320 + 420 * _swing(t, length_s / 2))
    cv2.rectangle(frame, (x - 70, 0), (x + 70, 480), (60, 90, 70), -1)
    return frame


def _cuts(heads: list[Head], t: float, length_s: float) -> Image:
    shot = int(t // 1.6)
    frame = backdrop(SMALL, 5 + shot % 3)
    x = (200, 430, 320)[shot % 3]
    heads[shot % 3].draw(frame, Place(x + 30 * _swing(t, 3), 240, (220, 260, 180)[shot % 3], 20 * _swing(t, 4)))
    return frame


def _crowd(heads: list[Head], t: float, length_s: float) -> Image:
    frame = backdrop(LARGE, 8)
    for i in range(30):
        row, column = divmod(i, 10)
        x, y = 110 + 188 * column, 200 + 330 * row
        place = Place(x + 12 * _swing(t, 3, i / 7), y + 15 * _swing(t, 4, i / 5), 170, 20 * _swing(t, 4, i / 3))
        heads[i % len(heads)].draw(frame, place)
    return frame


Scene = Callable[[list[Head], float, float], Image]
CLIPS: dict[str, Scene] = {
    "alone": _alone, "turns": _turns, "exits": _exits, "crossing": _crossing, "hidden": _hidden, "cuts": _cuts,
    "crowd": _crowd,
}  # fmt: skip
"""By name: one face, large turns, exits and returns, two people who cross, a bar before a face, cuts, 30 faces."""


def frames(name: str, heads: list[Head], length_s: float) -> Iterator[Image]:
    """The frames of a clip, with the noise of a camera."""
    rng = np.random.default_rng(0)
    for i in range(round(length_s * FPS)):
        frame = CLIPS[name](heads, i / FPS, length_s)
        noise = rng.normal(0, 2, (*frame.shape[:2], 1)).astype(np.float32)
        yield np.clip(frame + noise, 0, 255).astype(np.uint8)
