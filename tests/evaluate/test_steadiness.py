"""Changed pictures: seeded, with their place told, and the spread of what is read in them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="evaluation needs mien[train]")
pytest.importorskip("pyarrow.parquet")

import pyarrow as pa
import pyarrow.parquet as pq

from mien.errors import InputError
from mien.evaluate import steadiness as module
from mien.evaluate.reading import read_data
from mien.evaluate.steadiness import perturb, spread_of, steadiness
from mien.geometry import Image, apply_affine
from mien.runtime.models import embedded_models, find_model, read_card

NEEDED = pytest.mark.skipif(not {"age", "landmarks"} <= set(embedded_models()), reason="the weights are not there")


def test_a_changed_picture_is_where_its_matrix_says() -> None:
    image = np.full((120, 160, 3), 40, np.uint8)
    image[50:70, 70:100] = 220
    before, sizes = image.copy(), set()
    for seed in range(25):
        found, matrix = perturb(image, np.random.default_rng(seed))
        again, _ = perturb(image, np.random.default_rng(seed))
        assert np.array_equal(found, again)
        assert found.dtype == np.uint8
        sizes.add(found.shape)
        rows, columns = np.nonzero(found.mean(2) > 130)
        middle = apply_affine(matrix, np.array([[84.5, 59.5]], np.float32))[0]
        assert (columns.mean(), rows.mean()) == (pytest.approx(middle[0], abs=1), pytest.approx(middle[1], abs=1))
        scale = float(np.hypot(*matrix[0, :2]))
        assert 1 / 1.34 < scale < 1.34
        assert found.shape[:2] == (round(120 * scale), round(160 * scale))
        assert abs(np.degrees(np.arctan2(matrix[0, 1], matrix[0, 0]))) <= 8
    assert len(sizes) > 15
    assert np.array_equal(image, before)


@pytest.fixture
def data(tmp_path: Path, astronaut: Image) -> Path:
    """Three pictures with one face and an age, and one without a face."""
    portrait = astronaut[20:220, 120:320]
    pictures = [portrait, portrait // 2, np.full_like(portrait, 90), portrait[:, ::-1]]
    encoded = [cv2.imencode(".png", np.ascontiguousarray(one[..., ::-1]))[1].tobytes() for one in pictures]
    pq.write_table(pa.table({"image": encoded, "age": [30.0] * 4}), tmp_path / "faces.parquet")
    return tmp_path / "faces.parquet"


@NEEDED
def test_the_spread_is_that_of_the_readings(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, file = read_data("age", data, None), find_model("age")
    assert reading.rows.tolist() == [0, 1, 3]
    seen: list[Any] = []
    read = module._values
    monkeypatch.setattr(module, "_values", lambda *args: seen.append(read(*args)) or seen[-1])
    spread = spread_of(reading, file, 3)
    assert [len(values) for values in seen] == [3, 3, 3]
    assert spread == pytest.approx([np.std(values, ddof=1) for values in seen])
    row = steadiness(reading, file, 3)
    assert (row.value, row.faces) == (pytest.approx(spread.mean()), 3)
    assert row.name == "SD of one face in 3 changed pictures, years"
    # An unchanged picture is read alike each time.
    monkeypatch.setattr(module, "perturb", lambda image, rng: (image, np.eye(2, 3, dtype=np.float32)))
    assert spread_of(reading, file, 2) == pytest.approx([0, 0, 0], abs=1e-3)
    assert np.array(seen[-3:]) == pytest.approx(np.stack([reading.faces.age.value] * 2, 1), abs=1e-3)


@NEEDED
def test_other_tasks_and_single_changes_are_refused(data: Path) -> None:
    reading = read_data("age", data, None)
    with pytest.raises(InputError, match="'times' must be at least 2"):
        spread_of(reading, find_model("age"), 1)
    other = replace(reading, card=read_card(find_model("expression")))
    with pytest.raises(InputError, match="'moved' must be left out for a model of 'expression'"):
        spread_of(other, find_model("expression"))
