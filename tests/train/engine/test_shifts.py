"""Shifts of a run: which sets may have one, what they change in a batch, what is kept of them, and their mean."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("lightning")

import torch

from mien.errors import InputError
from mien.train.data.faceset import FaceSet
from mien.train.engine.loaders import Prepared
from mien.train.engine.shifts import Shifts, make_shifts, mean_shifts, read_shifts, write_shifts
from mien.train.recipe import Recipe, Source
from mien.train.tasks import create_task
from mien.train.tasks.shift import LabelShift, PoolShift


def rated(name: str, mean: float, spread: float = 0.6) -> FaceSet:
    """Ten faces with ratings around a mean."""
    rating = (mean + np.linspace(-1, 1, 10)).astype(np.float32)
    labels = {"rating": rating, "rating_spread": np.full(10, spread, np.float32)}
    return FaceSet(name, np.zeros((10, 8, 8, 3), np.uint8), labels, {})


def setup(*shift: bool) -> tuple[Recipe, Prepared]:
    """A recipe and sets of which each is shifted or not; the last one has no ratings."""
    sets = [rated("a", 3.0), rated("b", 6.0), FaceSet("plain", np.zeros((10, 8, 8, 3), np.uint8), {}, {})]
    sources = [Source(file=f"{faces.name}.parquet", shift=one) for faces, one in zip(sets, shift, strict=True)]
    recipe = Recipe(name="x", task="attractiveness", sources=sources, shift_penalty=0.5)
    return recipe, Prepared(sets, {"train": [np.arange(2, 8)] * 3})


def test_pools_begin_at_their_mean_and_their_raters_spread() -> None:
    shifts = make_shifts(setup(True, True, False)[0], create_task("attractiveness"), setup(True, True, False)[1])
    assert [name for _, name in shifts.sets] == ["a", "b"]
    told = [curve.describe() for curve in shifts.curves]
    assert [one["offset"] for one in told] == pytest.approx([3.0, 6.0], abs=1e-3)
    assert [one["scale"] for one in told] == pytest.approx([2**0.5 * 0.6 / 1.702] * 2, abs=1e-3)
    assert (shifts.label, shifts.weight) == ("rating", 0.5)


def test_sets_that_cannot_be_shifted_are_named() -> None:
    with pytest.raises(InputError, match=r"without a training label 'rating'. Got plain"):
        make_shifts(setup(True, True, True)[0], create_task("attractiveness"), setup(True, True, True)[1])
    levelled = create_task("attractiveness", level=0.2)
    with pytest.raises(InputError, match=r"all rated sources where 'level' is above 0. It is not for b"):
        make_shifts(setup(True, False, False)[0], levelled, setup(True, False, False)[1])
    recipe, prepared = setup(False, False, False)
    assert not make_shifts(recipe, create_task("attractiveness"), prepared).sets
    with pytest.raises(InputError, match="'shift' must be false for sources of the task"):
        make_shifts(setup(True, False, False)[0], create_task("landmarks"), prepared)


def test_ratings_and_their_spread_become_scores_in_their_own_set_alone() -> None:
    shifts = Shifts("rating", [(1, "b")], curves=[PoolShift(3.0, 0.5)])
    batch = {
        "rating": torch.tensor([[4.0], [4.0], [torch.nan]]),
        "rating_spread": torch.tensor([[0.6], [0.6], [0.6]]),
        "set": torch.tensor([0, 1, 1]),
    }
    moved = shifts.moved(batch)
    torch.testing.assert_close(moved["rating"], torch.tensor([[4.0], [2.0], [torch.nan]]), equal_nan=True)
    torch.testing.assert_close(moved["rating_spread"], torch.tensor([[0.6], [1.2], [1.2]]))
    assert batch["rating"][1] == 4
    assert not moved["rating"].requires_grad
    loss = shifts.loss(torch.tensor([9.0, 2.0, 0.0]), batch)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert shifts.loss(torch.tensor([9.0, 3.0, 0.0]), batch).item() == pytest.approx(2 / 3 * 1.0)


def test_what_is_kept_is_what_was_learned(tmp_path: Path) -> None:
    shifts = Shifts("rating", [(0, "a"), (2, "c")], curves=[PoolShift(3.0, 0.5), PoolShift(5.0, 1.0)])
    weights = {name: value.clone() for name, value in shifts.state_dict().items()}
    weights["curves.1.moved"] += 0.25
    write_shifts(tmp_path, shifts, weights)
    assert read_shifts(tmp_path) == {
        "rating": {"a": {"offset": 3.0, "scale": 0.5}, "c": {"offset": 5.25, "scale": 1.0}}
    }
    assert shifts.curves[1].describe()["offset"] == 5.0
    write_shifts(tmp_path / "none", Shifts("", ()), {})
    assert read_shifts(tmp_path / "none") == {}


def test_the_mean_of_networks_has_the_mean_of_their_curves() -> None:
    one, other = LabelShift().describe(), LabelShift().describe()
    one["offsets"], other["offsets"] = [4.0] * 10, [1.0] * 9 + [-2.0]
    mean = mean_shifts([{"age": {"a": one}}, {"age": {"a": other}}])
    assert mean == {"age": {"a": {"knots": one["knots"], "offsets": [2.5] * 9 + [1.0]}}}
    assert mean_shifts([{}, {}]) == {}
    assert mean_shifts([{"age": {"a": one}}]) == {"age": {"a": one}}
    with pytest.raises(InputError, match="label shifts of the same sets"):
        mean_shifts([{"age": {"a": one}}, {}])
