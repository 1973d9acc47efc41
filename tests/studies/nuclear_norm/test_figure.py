"""The figure of the envelope shows what was found on a line, on planes, and of recoveries."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.nuclear_norm import figure as study


def test_panels() -> None:
    cases = [(cost, rank) for cost in ("rank", "L0") for rank in (1, 2)]
    figure = study.draw(dict.fromkeys(cases, np.array([0.0, 1.0])), dict.fromkeys(cases, 15.0), (10, 20), 5)
    line, _, _, rivals, matrices, vectors = figure.axes[:6]
    found, norm = line.lines[0].get_ydata(), line.lines[1].get_ydata()
    inside = np.abs(line.lines[0].get_xdata()) <= 1
    np.testing.assert_allclose(found[inside], norm[inside], atol=1e-9)
    assert (found[~inside] > norm[~inside]).all()
    assert len(rivals.lines) == len(study.SHOWN) + 1
    assert [tick.get_text() for tick in matrices.get_xticklabels()] == ["1", "2"]
    assert [tick.get_text() for tick in vectors.get_xticklabels()] == ["9", "16"]
    np.testing.assert_allclose(vectors.lines[0].get_ydata(), 0.5)
