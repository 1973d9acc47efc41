"""The figure has the turning points, and every timed network with its name."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

from mien.studies.convolutions import figure as study
from mien.studies.convolutions.latency import ENGINES, Timed
from mien.studies.convolutions.series import SHORT, count
from mien.studies.core.finding import Measured

NAMES = ("mobilenet_v1", "mobilenet_v2")


def test_panels() -> None:
    networks = {name: count(name) for name in NAMES}
    times = {(name, engine): Timed(Measured((3.0,)), Measured((1.0,))) for name in NAMES for engine in ENGINES}
    turning, *panels = study.draw(networks, times).axes
    by_out = turning.lines[0]
    at = np.interp(np.log(16 / 9), np.log(by_out.get_xdata()), by_out.get_ydata())
    assert at == pytest.approx(1, rel=1e-3)
    for axes in panels:
        assert {text.get_text() for text in axes.texts} == {SHORT[name] for name in NAMES}
        assert axes.get_xscale() == axes.get_yscale() == "log"
    assert sorted(panels[1].lines[1].get_xdata()) == sorted(networks[name].report.macs / 1e6 for name in NAMES)


def test_without_times() -> None:
    figure = study.draw({}, {})
    assert not any(axes.texts for axes in figure.axes[1:])
