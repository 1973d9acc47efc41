"""Squared error or cross entropy: the plateau, convexity, likelihoods, a verdict that follows the numbers."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")


from mien.studies.core.finding import Measured
from mien.studies.losses import mse_or_cross_entropy as study

TINY = study.Settings(train=500, test=500, steps=150, every=10, rates=(0.5,), hessians=10)


@pytest.fixture(scope="module")
def found():
    return study.run(TINY, (0,))


def value(found, *words):
    return next(row[3] for row in found.table.rows if row[:3] == words)


def test_squared_error_stays_on_the_plateau_and_cross_entropy_leaves_it(found) -> None:
    squared, entropy = (value(found, study.WRONG, loss, study.ACCURACY).mean for loss in (study.MSE, study.CE))
    assert entropy > squared + 0.1
    assert value(found, study.EVEN, study.MSE, study.ACCURACY).mean > squared + 0.1


def test_expectation_beats_the_top_bin_where_two_answers_are_likely(found) -> None:
    errors = [value(found, "two likely answers", answer, study.FINAL_RMSE).mean for answer in study.ANSWERS[1:]]
    assert errors[0] < errors[1]


def test_equal_seeds_give_equal_tables() -> None:
    less = study.Settings(train=50, test=50, steps=10, every=5, rates=(0.5,), hessians=2)
    assert str(study.run(less, (0,)).table) == str(study.run(less, (0,)).table)


def made(entropy: float, bins: float):
    def of(level: float, *names: str):
        return {name: Measured((level, level * 1.001, level * 0.999)) for name in names}

    levels = {study.CE: entropy, study.MSE: 0.7}
    both = {(s, m): of(v, study.ACCURACY, study.REACHED) for s in (study.EVEN, study.WRONG) for m, v in levels.items()}
    errors = (5.0, bins, bins)
    numbers = {("x", a): of(e, study.FINAL_MAE, study.FINAL_RMSE) for a, e in zip(study.ANSWERS, errors, strict=True)}
    return study.judge(both, numbers, {m: Measured((0.0,)) for m in levels}, -8.0)


@pytest.mark.parametrize(
    ("entropy", "bins", "start", "number"),
    [
        (0.9, 4.0, "cross entropy classifies better", "x: bins"),
        (0.5, 6.0, "the squared error classifies better", "x: squared error"),
        (0.7, 5.0, "neither classifies surely better", "x: neither surely"),
    ],
)
def test_verdict_follows_the_numbers(entropy: float, bins: float, start: str, number: str) -> None:
    headline = made(entropy, bins).splitlines()[0]
    assert headline.count(start) == 2
    assert f"({number})" in headline


def test_faces(faces) -> None:
    tiny = study.Settings(train=50, test=50, steps=20, every=10, rates=(0.5,), hessians=2)
    found = study.run(tiny, (0,), faces)
    assert "regression on shades, column 'age'" in found.data
    assert value(found, "ages of shades", study.ANSWERS[0], study.FINAL_MAE).mean > 0
