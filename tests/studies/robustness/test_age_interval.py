"""The study of the age interval: what is spoiled stays a picture, gaps are told, and nothing else is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("matplotlib")

from mien.errors import InputError
from mien.evaluate.reading import Reading
from mien.faces import Age, Faces, Pose
from mien.runtime.models import find_model, read_card
from mien.studies.core.bootstrap import Estimate
from mien.studies.core.spoiled import SPOILED
from mien.studies.robustness import age_interval
from mien.studies.robustness.age_interval import COVERAGE, EXACT, GROUPS, MAE, QUICK, STUDY, WIDTH, judge, measures
from mien.tasks import Labels


class Named:
    """Stands for a table: it has a name alone."""

    def __init__(self, name: str) -> None:
        self.name = name


def reading(name: str, half: float, *, exact: bool = True, count: int = 400) -> Reading:
    """Errors uniform within 10 years, intervals of this half width, ages 0 to 80, yaw 0 to 89."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(20, 80, count).astype(np.float32)
    value = truth + rng.uniform(-10, 10, count).astype(np.float32)
    flat = np.zeros(count, np.float32)
    pose = Pose(np.linspace(0, 89, count, dtype=np.float32), flat, flat)
    age = Age(value, value - half, value + half, 0.9)
    box, points = np.zeros((count, 4), np.float32), np.zeros((count, 5, 2), np.float32)
    faces = Faces(box, flat, points, pose=pose, age=age)
    target = np.stack([truth, truth + (0 if exact else 9)], 1)
    card: Any = read_card(find_model("age"))
    table: Any = Named(name)
    labels = Labels({"age": target}, {})
    return Reading("age", card, table, "test", count, np.arange(count), faces, {}, labels)


@pytest.mark.parametrize("name", SPOILED)
def test_spoiled_pictures_are_pictures_of_the_same_size_that_differ(name: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    before, found = image.copy(), SPOILED[name](image)
    assert (found.shape, found.dtype) == (image.shape, np.uint8)
    assert np.array_equal(image, before)
    assert np.abs(found.astype(float) - image).mean() > 1


def test_measures_are_those_of_the_definition() -> None:
    found = measures(reading("a", 9.0), np.arange(400), 200)
    assert found[MAE].value == pytest.approx(5, abs=0.3)
    assert found[COVERAGE].value == pytest.approx(0.9, abs=0.04)
    assert found[COVERAGE].low < 0.9 < found[COVERAGE].high
    assert found[WIDTH].value == pytest.approx(18, rel=1e-4)
    assert set(measures(reading("b", 9.0, exact=False), np.arange(400), 20)) == {COVERAGE, WIDTH}


def test_the_whole_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*EXACT, GROUPS):
        (tmp_path / name).touch()

    def read(model: str, path: Path, split: str, limit: int | None = None, change: Any = None) -> Reading:
        assert (model, split) == ("age", "test")
        return reading(path.stem, 12.0 if change else 9.0, exact=path.name != GROUPS)

    monkeypatch.setattr(age_interval, "read_data", read)
    finding = STUDY.run(QUICK, (0,), tmp_path)
    groups = {(row[0], row[1]) for row in finding.table.rows}
    assert {("utkface", name) for name in ("as it is", "true age 30-45", "age read 30-45", *SPOILED)} <= groups
    assert {("fairface", "head turn 0-15"), ("fairface", "head turn 45-90")} <= groups
    assert "utkface, blur 2: 1.33 times as wide" in finding.verdict
    assert "Turned faces (head turn 45-90 against head turn 0-15): 1.00 times as wide." in finding.verdict


def test_gaps_are_named_where_they_are_sure() -> None:
    def group(coverage: float, spread: float) -> dict[str, Estimate]:
        draws = np.linspace(coverage - spread, coverage + spread, 101)
        return {COVERAGE: Estimate(coverage, draws), WIDTH: Estimate(20.0, np.full(101, 20.0))}

    found = {
        ("utkface", "as it is"): group(0.91, 0.02),
        ("utkface", "age 0-15"): group(0.80, 0.15),
        ("utkface", "blur 4"): group(0.70, 0.05),
    }
    said = judge(found).splitlines()
    assert said[0] == "Coverage of the 90 % interval: utkface 91.0%; least: utkface, blur 4 (70.0%)."
    assert said[1] == "Surely below 90 % and below 87%: utkface, blur 4 (70.0%)."


def test_a_folder_without_the_sets_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'data' must hold utkface\.parquet"):
        STUDY.run(QUICK, (0,), tmp_path)
