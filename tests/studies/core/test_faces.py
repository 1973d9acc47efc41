"""Faces for studies: found, aligned, gray, with their labels; what has no face is counted."""

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.errors import InputError
from mien.geometry import Image
from mien.studies.core.faces import TEMPLATE, load_faces


@pytest.fixture(scope="module")
def manifest(astronaut: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three faces, one of them darker, and a picture without a face."""
    folder = tmp_path_factory.mktemp("faces")
    face = astronaut[0:320, 60:380]
    pictures = [face, np.ascontiguousarray(face[:, ::-1]), face // 2, np.full_like(face, 90)]
    for k, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{k}.png"), picture[..., ::-1])
    lines = ["image,age,mood", *(f"{k}.png,{30 + k},{'good' if k else 'bad'}" for k in range(4))]
    (folder / "faces.csv").write_text("\n".join(lines))
    return folder / "faces.csv"


def test_faces_with_their_labels(manifest: Path) -> None:
    faces = load_faces(manifest)
    assert faces.image.shape == (3, 1, TEMPLATE.size, TEMPLATE.size)
    assert float(faces.image.mean()) == pytest.approx(0, abs=1e-5)
    assert float(faces.image.std()) == pytest.approx(1, abs=1e-3)
    assert faces.numbers("age").tolist() == [30, 31, 32]
    index, names = faces.classes("mood")
    assert (index.tolist(), names) == ([0, 1, 1], ["bad", "good"])
    assert faces.dropped == 1
    assert faces.image[0].mean() > faces.image[2].mean()


def test_a_mirrored_face_gives_a_mirrored_crop(manifest: Path) -> None:
    image = load_faces(manifest).image
    straight, mirrored = (float((image[0] - other).abs().mean()) for other in (image[1], image[1].flip(-1)))
    assert mirrored < 0.5 * straight


def test_limit(manifest: Path) -> None:
    faces = load_faces(manifest, limit=2)
    assert len(faces) + faces.dropped == 2


def test_unknown_column(manifest: Path) -> None:
    with pytest.raises(InputError, match=r"'data' must have one of the columns rating, score. Got the columns age, "):
        load_faces(manifest).first_of("rating", "score")
