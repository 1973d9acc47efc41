"""The drawing shows the whole theoretical field, and where the pixels weigh."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

from mien.profile.effective_field import EffectiveField
from mien.profile.effective_figure import draw_effective, overlaid


def made(box: tuple[int, int, int, int]) -> EffectiveField:
    weight = np.zeros((20, 30))
    weight[8:13, 12:17] = 1 / 25
    return EffectiveField(weight, box, np.full((20, 30, 3), 0.5), "photo.png, random weights")


def test_both_boxes_are_drawn_and_seen() -> None:
    figure = draw_effective(made((-10, -5, 31, 34)))
    whole, near = figure.axes
    for axes in (whole, near):
        theory, effect = axes.patches
        assert (theory.get_height(), theory.get_width()) == (41, 39)
        assert (effect.get_height(), effect.get_width()) == (5, 5)
    assert whole.get_xlim()[0] < -5 < 34 < whole.get_xlim()[1]
    assert whole.get_ylim()[1] < -10
    assert -2 < near.get_xlim()[0] < 0
    assert "41 x 39" in whole.get_title()
    assert "5 x 5 px hold 95%" in near.get_title()


def test_heavy_pixels_glow() -> None:
    shown = overlaid(made((0, 0, 20, 30)))
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert np.ptp(shown[0, 0]) == 0
    assert np.ptp(shown[10, 14]) > 0.3
