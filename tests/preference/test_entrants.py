"""The largest face is taken, and what may be wrong is said."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mien.analyzer import Analyzer
from mien.geometry import Image
from mien.preference.entrants import entrant, remarks


def test_the_largest_of_several_faces(analyzer: Analyzer, astronaut: Image) -> None:
    large = astronaut[:300, 80:380]
    small = np.asarray(cv2.resize(large, (180, 180)), np.uint8)
    picture = np.full((300, 480, 3), 127, np.uint8)
    picture[:180, :180], picture[:, 180:] = small, large
    faces = analyzer.photo(picture)
    found = entrant("two.png", faces, picture)
    assert len(faces) == 2
    assert found.face.box[0] > 180
    assert "2 faces, the largest was taken" in found.remarks
    assert found.unscored == ""
    assert found.to_dict()["remarks"] == list(found.remarks)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("none", ""),
        ("blur", "blurred"),
        ("turn", "face turned by 41 degrees"),
        ("close", "eyes closed"),
        ("size", "small"),
    ],
)
def test_remarks(analyzer: Analyzer, astronaut: Image, change: str, said: str) -> None:
    picture = astronaut
    if change == "blur":
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)
    face = analyzer.photo(astronaut)[0]
    if change == "turn":
        face = replace(face, pose=replace(face.pose, yaw=np.float32(-41)))
    if change == "close":
        closed = np.array([code == "AU43" for code in face.action_units.codes], float)
        face = replace(face, action_units=replace(face.action_units, probability=closed))
    if change == "size":
        face = replace(face, box=np.array([200.0, 90, 240, 130]))
    told = remarks(face, picture)
    assert [text.startswith(said) for text in told] == ([True] if said else [])


def test_remarks_without_action_units_and_pose(analyzer: Analyzer, astronaut: Image) -> None:
    face = replace(analyzer.photo(astronaut)[0], pose=None, action_units=None)
    assert remarks(face, astronaut) == []
