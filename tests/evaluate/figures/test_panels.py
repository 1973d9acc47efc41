"""What the panels draw is what was measured."""

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures belong to mien[train]")
pytest.importorskip("scipy.stats")

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from mien.evaluate.figures import panels


@pytest.fixture
def axes() -> Axes:
    return Figure().add_subplot()


def points(axes: Axes) -> list[tuple[float, float]]:
    """Places of single markers."""
    lines = [line for line in axes.get_lines() if line.get_marker() == "o"]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


@pytest.mark.parametrize(("hits", "count"), [(9, 10), (0, 5), (40, 40), (123, 400)])
def test_wilson_interval_is_scipys(hits: int, count: int) -> None:
    expected = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert panels.wilson(hits / count, count) == pytest.approx((expected.low, expected.high), abs=1e-4)


def test_error_by_bins_with_both_ends(axes: Axes) -> None:
    at, error = np.array([0.0, 5, 10, 10, 20, 99]), np.array([1.0, -3, 2, 4, -6, 50])
    panels.error_by(axes, at, error, np.array([0.0, 10, 15, 20]), "Error", ("x", "y"))
    assert [bar.get_height() for bar in axes.patches] == [2, 3, 6]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0 to 10", "10 to 15", "15 to 20"]
    assert [text.get_text() for text in axes.texts] == ["2", "2", "1"]
    (bias,) = (line for line in axes.get_lines() if line.get_label() == "bias")
    assert bias.get_ydata().tolist() == [-1, 3, -6]


def test_an_empty_bin_is_left_out_and_unsigned_errors_have_no_bias(axes: Axes) -> None:
    panels.error_by(axes, np.array([1.0, 25]), np.ones(2), np.array([0.0, 10, 20, 30]), "e", ("x", "y"), signed=False)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0 to 10", "20 to 30"]
    assert not axes.get_lines()


def test_coverage_by_band(axes: Axes) -> None:
    bands = {"all": np.array([True] * 9 + [False]), "old": np.array([True, False])}
    panels.coverage(axes, bands, 0.9)
    assert points(axes) == [(0.9, 0), (0.5, 1)]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["all (10)", "old (2)"]
    assert "90%" in axes.get_xlabel()


def test_roc_of_few_names_each_and_of_many_their_mean(axes: Axes) -> None:
    positive = np.arange(10) > 4
    few = {
        "good": (np.arange(10.0), positive),
        "bad": (-np.arange(10.0), positive),
        "empty": (np.zeros(10), positive & False),
    }
    panels.roc(axes, few)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["good: AUC 1.000", "bad: AUC 0.000", "by chance"]
    other = Figure().add_subplot()
    panels.roc(other, {f"{k}": few["good" if k % 2 else "bad"] for k in range(10)})
    labels = [text.get_text() for text in other.get_legend().get_texts()]
    assert labels == ["mean of 10: AUC 0.500", "by chance"]


def test_reliability_shows_the_share_in_each_bin(axes: Axes) -> None:
    probability = np.array([0.05, 0.05, 0.95, 0.95])
    panels.reliability(axes, probability, np.array([False, True, True, True]), "p", ("said", "so"))
    (line,) = (line for line in axes.get_lines() if line.get_marker() == "o")
    assert line.get_xdata() == pytest.approx([0.05, 0.95])
    assert line.get_ydata() == pytest.approx([0.5, 1.0])
    assert line.get_label() == "ECE 0.250"


def test_confusion_counts_and_shares(axes: Axes) -> None:
    panels.confusion(axes, np.array([[3, 1], [0, 0]]), ["a", "b"], "c")
    assert [text.get_text() for text in axes.texts] == ["75%\n3", "25%\n1", "0%\n0", "0%\n0"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a (4)", "b (0)"]


def test_cumulative_curve_and_its_marks(axes: Axes) -> None:
    panels.cumulative(axes, np.array([3.0, 1, 2, 4]), "c", ("x", "y"), end=5.0)
    curve = axes.get_lines()[0]
    assert curve.get_xdata().tolist() == [1, 2, 3, 4]
    assert curve.get_ydata().tolist() == [0.25, 0.5, 0.75, 1]
    assert points(axes) == pytest.approx([(2.5, 0.5), (3.7, 0.9)])


def test_a_value_without_an_interval_is_a_point(axes: Axes) -> None:
    panels.dots(axes, [("a", 1.0, 0.5, 2.0), ("b", 3.0, None, None)], "d", "x", whole=2.0)
    assert points(axes) == [(1, 0), (3, 1)]
    assert len(axes.get_lines()) == 4  # one interval, two points, one line for all faces
