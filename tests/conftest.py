"""Pictures that tests share; they come from packages or are drawn."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.geometry import Image

pytest_plugins = ["tests.fixtures.training", "tests.fixtures.base_install"]


@pytest.fixture(scope="session")
def astronaut() -> Image:
    """A smiling face in a photo (512, 512, 3): Eileen Collins, NASA, public domain."""
    path = Path(__file__).parents[1] / "docs" / "images" / "astronaut.jpg"
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Writes RGB frames as a video of the test's folder."""

    def write(frames: list[Image], name: str = "video.mp4", fps: float = 25.0) -> Path:
        path = tmp_path / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, frames[0].shape[1::-1])
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[..., ::-1]))
        writer.release()
        return path

    return write
