"""Raters drawn from a prior are learned; what is asked and what is foretold share no face."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("matplotlib")

from mien.errors import InputError
from mien.preference import Taste
from mien.studies.core.bootstrap import Estimate
from mien.studies.taste import personal_taste
from mien.studies.taste.personal_taste import OTHERS, STUDY, Settings, judge
from mien.studies.taste.raters import (
    INFORMATIVE,
    LEARNED,
    NONE,
    POOL,
    RANDOM,
    Pool,
    comparisons,
    foretold,
    halves,
    order,
    others_right,
    priors,
)
from mien.train.export.taste import fit_prior, rater_sums

WEIGHTS = np.random.default_rng(9).multivariate_normal([0.5, 0, 0], np.diag([0.05, 1.5, 0.05]), 60)


def pool(faces: int, seed: int) -> Pool:
    """60 raters who agree little."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1, (faces, 3))
    ratings = np.round(5 + z @ WEIGHTS.T + rng.normal(0, 0.7, (faces, 60)), 1)
    ratings[rng.random(ratings.shape) < 0.1] = np.nan
    return Pool(z, ratings, np.where(rng.random(faces) < 0.5, "female", "male"))


def test_comparisons_are_those_of_the_ratings_within_a_group() -> None:
    one = Pool(np.zeros((4, 1)), np.array([[3.0], [1.0], [3.0], [9.0]]), np.array(["a", "a", "a", "b"]))
    found = comparisons(one, 0, np.array([0, 1, 2, 3]))
    assert found.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert found.target.tolist() == [1, 0.5, 0]


def test_no_face_is_asked_and_foretold() -> None:
    new = pool(40, 1)
    asked, told = halves(new, 3, np.random.default_rng(0))
    assert not set(asked.pairs.ravel()) & set(told.pairs.ravel())
    assert set(told.target) == {0, 1}
    assert not np.isnan(new.ratings[np.unique([*asked.pairs.ravel(), *told.pairs.ravel()]), 3]).any()


@pytest.mark.parametrize("how", [RANDOM, INFORMATIVE])
def test_each_comparison_is_asked_once(how: str) -> None:
    new = pool(40, 1)
    asked = halves(new, 3, np.random.default_rng(0))[0]
    found = order(Taste(np.zeros(3), np.eye(3)), new, asked, 50, how, np.random.default_rng(0))
    assert len({tuple(pair) for pair in found.pairs.tolist()}) == len(found) == 50
    known = {tuple(pair): target for pair, target in zip(asked.pairs.tolist(), asked.target.tolist(), strict=True)}
    assert [known[tuple(pair)] for pair in found.pairs.tolist()] == found.target.tolist()


def test_the_pool_alone_learns_nothing_and_the_others_start_where_they_should() -> None:
    known = pool(120, 0)
    tastes = priors(fit_prior(rater_sums(known.z, known.ratings, known.group), 3.0))
    assert tastes[POOL].mean == pytest.approx(tastes[LEARNED].mean)
    learned = tastes[LEARNED].covariance
    assert learned[1, 1] > 5 * learned[0, 0]
    assert (tastes[NONE].mean == 0).all()
    asked = comparisons(known, 0, np.flatnonzero(~np.isnan(known.ratings[:, 0]))[:30])
    fitted = tastes[POOL].fit(known.z[asked.pairs[:, 0]], known.z[asked.pairs[:, 1]], asked.target)
    assert fitted.mean == pytest.approx(tastes[POOL].mean, abs=1e-6)


def test_what_is_foretold_is_counted() -> None:
    one = Pool(np.array([[0.0], [1.0], [1.0]]), np.array([[1.0], [2.0], [3.0]]), np.array(["a"] * 3))
    right, loss = foretold(Taste(np.ones(1), 1e-12 * np.eye(1)), one, comparisons(one, 0, np.arange(3)))
    assert right == pytest.approx((1 + 1 + 0.5) / 3)
    assert loss == pytest.approx((2 * np.log1p(np.exp(-1)) + np.log(2)) / 3, rel=1e-5)


def test_the_mean_of_the_others_leaves_the_rater_out() -> None:
    ratings = np.array([[1.0, 9, 8], [2.0, 8, 7], [3.0, 7, 6]])
    one = Pool(np.zeros((3, 1)), ratings, np.array(["a"] * 3))
    assert others_right(one, 0, comparisons(one, 0, np.arange(3))) == 0
    assert others_right(one, 1, comparisons(one, 1, np.arange(3))) == 0.5


def test_the_whole_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (personal_taste.FACES, personal_taste.RATINGS):
        (tmp_path / name).touch()

    def read(folder: Path, splits: list[str], limit: int | None) -> Pool:
        return pool(36, 5) if splits == ["test"] else pool(120, 0)

    monkeypatch.setattr(personal_taste, "read_pool", read)
    finding = STUDY.run(Settings((0, 10, 30), 2, (3.0,), None, 50), (0,), tmp_path)
    cells = {row[:3]: row[3:] for row in finding.table.rows}
    assert cells[LEARNED, RANDOM, 30][2].low > 0.05
    assert cells[LEARNED, RANDOM, 30][1].value < cells[LEARNED, RANDOM, 0][1].value
    assert cells[LEARNED, RANDOM, 0][0].value == pytest.approx(cells[POOL, RANDOM, 0][0].value, abs=0.01)
    assert (OTHERS, "", 0) in cells
    assert "is better than the pool's score in accuracy" in finding.verdict.splitlines()[0]
    assert re.search(
        r"learned prior, random pairs: log loss surely below the pool's after (0, )?10, 30", finding.verdict
    )


def test_no_gain_is_said_to_be_none() -> None:
    draws = np.linspace(-0.01, 0.01, 101)

    def cell(value: float) -> tuple[Estimate, Estimate]:
        return Estimate(value, value + draws), Estimate(0.6, 0.6 + draws[::-1])

    found = {(POOL, RANDOM, 0): cell(0.66), (OTHERS, "", 0): cell(0.7)}
    found |= {(LEARNED, how, 80): cell(0.66) for how in (RANDOM, INFORMATIVE)}
    said = judge(found).splitlines()
    assert "is not surely different from the pool's score in accuracy" in said[0]
    assert "below the pool's after no number of comparisons, above after none." in said[2]


def test_a_folder_without_the_sets_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'data' must hold mebeauty\.parquet"):
        STUDY.run(Settings(), (0,), tmp_path)
