"""A case: files in a folder, a command that reads them, and which exit codes are right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from tests.reliability.mutation import Rng

from mien.geometry import Image

ROOT = Path(__file__).parents[2]
ANY = frozenset((0, 1, 2, 3))


@dataclass(frozen=True, slots=True)
class Case:
    """what: how the input is broken, in words. command: arguments of `mien`, paths relative to the case's folder."""

    what: str
    command: Sequence[str]
    codes: frozenset[int] = ANY
    stdin: bytes = b""


T = TypeVar("T")
Maker = Callable[[Rng, int, Path], Case]
"""Random numbers, number of the case, folder -> the case, its files written into the folder."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of input. count: of its cases; heavy: its commands import torch."""

    make: Maker
    count: int
    heavy: bool = False


def pick(options: Sequence[T], rng: Rng) -> T:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


@lru_cache
def portrait() -> Image:
    """The astronaut's face (160, 160, 3) RGB."""
    whole = cv2.imread(str(ROOT / "docs" / "images" / "astronaut.jpg"))[..., ::-1]
    return np.ascontiguousarray(whole[36:196, 144:304])


def encoded(image: Image, suffix: str) -> bytes:
    """An RGB picture (H, W, 3) as the bytes of a file."""
    return cv2.imencode(suffix, np.ascontiguousarray(image[..., ::-1]))[1].tobytes()
