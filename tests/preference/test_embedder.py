"""Photos become embeddings of their largest face, or have a reason."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.fixtures.tiny_taste import WIDTH, write_faces, write_network

from mien.errors import InputError, ModelError
from mien.geometry import Image
from mien.preference.embedder import VIEW, FaceEmbedder


def test_a_folder_of_photos(tmp_path: Path, astronaut: Image) -> None:
    face = astronaut[:320, 60:400]
    folder = write_faces(tmp_path / "faces", face, 2)
    small = cv2.resize(face, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    two = np.concatenate([np.pad(small, ((0, face.shape[0] - small.shape[0]), (0, 0), (0, 0))), face // 2], 1)
    cv2.imwrite(str(folder / "two.png"), two[..., ::-1])
    cv2.imwrite(str(folder / "wall.png"), np.full((90, 90, 3), 200, np.uint8))
    (folder / "film.mp4").write_text("no film")
    embedder = FaceEmbedder(write_network(tmp_path), threads=1)
    found = {Path(photo.source).name: photo for photo in embedder.folder(folder)}
    assert {name for name, photo in found.items() if photo.embedding is not None} == {"0.png", "1.png", "two.png"}
    assert found["0.png"].embedding.shape == (WIDTH,)
    assert found["0.png"].view.shape == (VIEW.size, VIEW.size, 3)
    assert found["0.png"].note == ""
    assert found["two.png"].note == "2 faces; the largest is taken."
    assert found["wall.png"].note == "left out: no face"
    assert "holds text" in found["broken.jpg"].note
    assert found["film.mp4"].note.startswith("left out")
    # The largest of the two has half of the light, which is what the network of the test reads.
    whole = embedder(tmp_path / "faces" / "0.png").embedding
    assert np.array_equal(whole, found["0.png"].embedding)
    assert (found["two.png"].embedding < whole).all()
    assert embedder.prior.width == WIDTH


def test_what_is_no_folder_with_photos(tmp_path: Path) -> None:
    embedder = FaceEmbedder(write_network(tmp_path))
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "gone", tmp_path / "empty"):
        with pytest.raises(InputError, match="'folder' must be a folder with photos"):
            list(embedder.folder(folder))


def test_a_model_without_a_prior(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="must have a prior of personal taste"):
        FaceEmbedder(write_network(tmp_path, prior=False))


def test_a_face_that_looks_like_a_childs(tmp_path: Path, astronaut: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.analyzer.CHILD_AGE", 99.0)
    folder = write_faces(tmp_path / "faces", astronaut[:320, 60:400], 1)
    found = FaceEmbedder(write_network(tmp_path), threads=1)(folder / "0.png")
    assert found.embedding is None
    assert found.note.startswith("left out: apparent age ")
