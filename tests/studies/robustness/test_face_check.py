"""The study of the face check: what has no face is counted apart, and a kept box is one that the check keeps."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("skimage")
pytest.importorskip("matplotlib")

from mien.errors import InputError
from mien.studies.robustness import face_check
from mien.studies.robustness.face_check import LOW, USUAL, Count


def test_pictures_without_a_face_are_varied_and_the_same_each_time() -> None:
    first = [(name, picture.copy()) for name, picture in face_check._without_faces(3)]
    second = list(face_check._without_faces(3))
    names = {name for name, _ in first}
    assert {"brick", "grass", face_check.CAT} <= names
    assert not names & set(face_check.PEOPLE)
    assert len(first) == 3 * len(names)
    for (_, a), (_, b) in zip(first, second, strict=True):
        assert np.array_equal(a, b)
        assert (a.dtype, a.ndim, a.shape[2]) == (np.uint8, 3, 3)


def test_the_verdict_counts_false_and_true_faces() -> None:
    found = {
        ("no face", USUAL): Count(10, 2),
        ("no face", LOW): Count(50, 5),
        ("a, all", USUAL): Count(100, 99),
        ("a, yaw 0-30", USUAL): Count(90, 90),
        ("b, all", USUAL): Count(20, 20),
    }
    lines = face_check._judge(found).splitlines()
    assert "keeps 2 of 10 boxes" in lines[0]
    assert "119 of 120 true faces" in lines[0]
    assert "keeps 5 of 50 boxes" in lines[1]


def test_a_folder_without_any_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must hold one of fairface\.parquet"):
        face_check.STUDY.run(face_check.QUICK, (0,), tmp_path)
