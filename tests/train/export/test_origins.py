"""What a card tells of label shifts: of one run and of several; and labels without them, as calibration wants them."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="export needs mien[train]")
pytest.importorskip("lightning")

from mien.train.export.origins import origins_of, unshifted

CURVE = {"knots": [0.0, 10.0, 20.0], "offsets": [4.0, 2.0, 0.0]}


def test_ages_lose_the_shift_of_their_own_set() -> None:
    age = np.array([[8.0, 8], [8, 8], [12, 19], [np.nan, np.nan], [50, 50]], np.float32)
    labels = {"age": age, "set": np.array([0, 1, 1, 1, 1])}
    kept = age.copy()
    found = unshifted(labels, {"age": {"b": CURVE, "elsewhere": CURVE}}, ["a", "b"])
    # g(x) = x + 4 - 0.2 x up to 20 years: 8 = g(5), 12 = g(10), 19 = g(18.75)
    expected = np.array([[8, 8], [5, 5], [10, 18.75], [np.nan, np.nan], [50, 50]])
    assert found["age"] == pytest.approx(expected, abs=1e-4, nan_ok=True)
    assert np.array_equal(age, kept, equal_nan=True)
    assert found["set"].tolist() == [0, 1, 1, 1, 1]


def test_ratings_and_spreads_become_scores() -> None:
    labels = {
        "rating": np.array([[4.0], [4.0]], np.float32),
        "rating_spread": np.array([[0.6], [0.6]], np.float32),
        "set": np.array([0, 1]),
    }
    found = unshifted(labels, {"rating": {"a": {"offset": 3.0, "scale": 0.5}}}, ["a", "b"])
    assert found["rating"].ravel() == pytest.approx([2, 4])
    assert found["rating_spread"].ravel() == pytest.approx([1.2, 0.6])
    assert unshifted(labels, {"age": {"a": CURVE}}, ["a", "b"])["rating"].ravel().tolist() == [4, 4]


def test_a_card_of_several_runs_tells_their_mean(tmp_path: Path) -> None:
    runs = [tmp_path / "one", tmp_path / "two"]
    for run, offsets in zip(runs, ([4.0, 2.0, 0.0], [2.0, 2.0, -2.0]), strict=True):
        run.mkdir()
        told = {"age": {"a": {**CURVE, "offsets": offsets}}}
        (run / "label_shift.json").write_text(json.dumps(told))
        (run / "origins.json").write_text(json.dumps({"init": {"trunk": run.name}, "teachers": []}))
    found = origins_of(runs)
    assert found["label_shift"]["age"]["a"]["offsets"] == [3, 2, -1]
    assert found["trunk"] == {"trunk": "one"}
    assert "teachers" not in found
    assert origins_of(runs[1:])["label_shift"]["age"]["a"]["offsets"] == [2, 2, -2]
    assert origins_of([tmp_path]) == {}
