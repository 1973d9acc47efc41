"""Orders of convergence by hand; the verdict on normalising follows the numbers."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.core.finding import Measured
from mien.studies.normalized_l1.runs import (
    ERRORS,
    FORMULA,
    GRADIENT,
    L1,
    LOSS,
    MEAN,
    NUDGED,
    OTHER,
    RIVALS,
    SCALE_OLD,
    SCALE_YOUNG,
)
from mien.studies.normalized_l1.verdicts import Results, judge, order

COUNTS = (1, 2, 4, 8, 16, 32)


def around(value: float) -> Measured:
    return Measured((value, value * 1.01, value * 0.99))


def made(power: float = 1.0, fine: float = 0.1, formula: float = 0.5) -> str:
    """The verdict where deviations fall as n^-power, fine pieces end that near, and the formula scales all errors."""
    powers = {GRADIENT: power, LOSS: power, MEAN: 2 * power}
    losses = {n: {name: around(n**-q) for name, q in powers.items()} for n in COUNTS}
    apart = {"1 piece": around(2.0), "64 pieces": around(fine), NUDGED: around(0.1), OTHER: around(2.5)}
    errors = {}
    for method in RIVALS:
        level = formula if method == FORMULA else 1.0
        errors["mine", method] = {name: around(level) for name in (*ERRORS, SCALE_YOUNG, SCALE_OLD)}
    return judge(Results(losses, apart, errors), ("mine",))


def test_order_is_that_of_the_finer_half() -> None:
    values = {n: Measured((1.0, 1.0) if n < 8 else (n**-1.0, n**-1.5)) for n in COUNTS}
    assert order(values).values == pytest.approx((1.0, 1.5))


def test_convergence_is_said_where_it_is_measured() -> None:
    assert made().startswith(
        "The piecewise loss becomes the normalised loss as its pieces shrink, and the answers of networks come nearer: "
        "from 2 years (1 piece) to 0.1 years (64 pieces), against 0.1 years (normalised, nudged)"
    )
    assert "does NOT become" in made(power=0.5)
    assert "do not surely come nearer" in made(fine=2.0)


@pytest.mark.parametrize(("formula", "word"), [(0.5, "lowers"), (2.0, "raises"), (1.0, "does not surely change")])
def test_words_follow_the_errors(formula: float, word: str) -> None:
    verdict = made(formula=formula)
    assert f"mine - it {word} the relative error below 20, {word} the error from 60 on, {word} the MAE" in verdict
    if formula != 1:
        compared = "lower" if formula < 1 else "higher"
        assert f"MAE (years), mine: {compared} with {FORMULA} than with {L1}" in verdict
