"""Differences count only beyond the spread over seeds, and words follow the numbers."""

import math

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("scipy.stats", reason="studies need mien[train]")

from scipy import stats

from mien.studies.core.finding import Measured, Table, compare, difference, gather, short

LOW, HIGH = Measured((1.0, 1.1, 0.9)), Measured((2.0, 2.2, 1.9))


def test_mean_and_spread_of_the_seeds_where_it_is_defined() -> None:
    measured = Measured((1.0, float("nan"), 3.0))
    assert measured.mean == 2
    assert measured.spread == pytest.approx(math.sqrt(2))
    assert str(measured) == "2 ± 1.4 (2 of 3)"
    assert str(Measured((float("nan"),))) == "never"
    assert str(Measured((4.0,))) == "4"


def test_equal_values_have_no_spread_left_by_rounding() -> None:
    assert Measured((0.1, 0.1, 0.1)).spread == 0


def test_interval_is_that_of_the_paired_t_test() -> None:
    a, b = Measured((1.0, 2.5, 2.0, 4.0)), Measured((0.5, 2.6, 1.0, 3.0))
    found = difference(a, b)
    expected = stats.ttest_rel(a.values, b.values).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_sign_needs_more_than_the_spread() -> None:
    assert difference(HIGH, LOW).sign == 1
    assert difference(LOW, HIGH).sign == -1
    assert difference(Measured((1.0, 2.0, 3.0)), Measured((1.1, 1.5, 3.4))).sign == 0


def test_pairs_by_seed_count_and_not_the_seeds_alone() -> None:
    easy_and_hard = Measured((1.0, 5.0, 9.0))
    assert difference(Measured((1.2, 5.2, 9.21)), easy_and_hard).sign == 1


def test_one_seed_or_an_undefined_value_tells_nothing() -> None:
    assert difference(Measured((5.0,)), Measured((1.0,))).sign == 0
    assert difference(Measured((5.0, float("nan"))), Measured((1.0, 1.0))).sign == 0


def test_equal_numbers_that_differ_by_rounding_are_equal() -> None:
    assert difference(Measured((0.3, 0.3)), Measured((0.1 + 0.2, 0.1 + 0.2))).sign == 0


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [(HIGH, LOW, "higher with a than with b"), (LOW, HIGH, "lower with a than with b"), (LOW, LOW, "no difference")],
)
def test_words_flip_with_the_numbers(a: Measured, b: Measured, words: str) -> None:
    assert words in compare("error", ("a", a), ("b", b))


def test_words_for_what_cannot_be_told() -> None:
    assert "cannot be told" in compare("steps", ("a", Measured((1.0,))), ("b", Measured((2.0,))))


def test_gather_keeps_names_and_seeds() -> None:
    assert gather([{"x": 1.0, "y": 2.0}, {"x": 3.0, "y": 4.0}]) == {
        "x": Measured((1.0, 3.0)),
        "y": Measured((2.0, 4.0)),
    }


def test_cells_as_words() -> None:
    assert Table(("a", "b"), (("x", 0.12345), (LOW, 1e-9))).texts() == [["x", "0.123"], ["1 ± 0.1", "1e-09"]]
    assert short(123456.0) == "123456"
