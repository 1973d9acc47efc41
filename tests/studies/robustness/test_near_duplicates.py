"""The study of near-duplicates: second shots are shots, shares are counts, whole on drawn pictures."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("matplotlib")

from mien.errors import InputError
from mien.geometry import Image
from mien.studies.robustness import near_duplicates as study
from mien.studies.robustness.near_duplicates import DISPLAYS, OTHERS, PERSON, QUICK, SETS, SHOT, STUDY


def scene(seed: int) -> Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (96, 96), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_a_second_shot_is_the_same_scene_and_another_picture() -> None:
    image, rng = scene(0), np.random.default_rng(0)
    found = study.second_shot(image, rng)
    assert (found.shape, found.dtype) == (image.shape, np.uint8)
    assert np.abs(found.astype(float) - image).mean() > 3
    told = study.scenes([scene(seed) for seed in range(30)], 20)
    assert told[SHOT].value > 0.7
    assert told[OTHERS].value < 0.05


def test_shares_of_people_are_those_of_a_count() -> None:
    alike = np.array([[1, 0.9, 0.1, 0.85], [0.9, 1, 0.2, 0.1], [0.1, 0.2, 1, 0.3], [0.85, 0.1, 0.3, 1]], np.float32)
    found = study.people(alike, np.array(["a", "a", "b", "c"]), 10)
    assert found[PERSON].value == 1.0  # only `a` has two pictures
    assert found[OTHERS].value == pytest.approx((0.5 + 0 + 0 + 1 / 3) / 4)


def test_the_whole_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, astronaut: Image) -> None:
    for name in (*SETS, DISPLAYS):
        (tmp_path / f"{name}.parquet").touch()
    face = np.ascontiguousarray(astronaut[:300, 80:380])

    def images(path: Path, *_: Any) -> Any:
        return iter([face, face[:, ::-1], *(scene(seed) for seed in range(4))])

    monkeypatch.setattr(study, "pictures", images)
    monkeypatch.setattr(study, "iterate_images", images)
    monkeypatch.setattr(study, "read_columns", lambda path: {"subject": list("aabbcc")})
    finding = STUDY.run(QUICK, (0,), tmp_path)
    rows = {(row[0], row[1]): row[2] for row in finding.table.rows}
    assert rows["utkface", "blurred: as it is"].value == 0
    assert rows["utkface", "blurred: by 3 % of the side"].value == 1
    assert (DISPLAYS, PERSON) in rows
    assert "Taken for one scene, second shot: scut_fbp5500 " in finding.verdict
    with pytest.raises(InputError, match="'data' must hold"):
        STUDY.run(QUICK, (0,), tmp_path / "gone")
