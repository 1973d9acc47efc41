"""Inception v4 against the figures of its paper."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

from tests.train.backbones.inception.inception_measures import backbone_of, blank, whole

from mien.train.backbones.inception.inception_v4 import FIGURE_9

# Szegedy et al. 2017, Figure 3 (stem) and Figure 9 (4 A, 7 B, 3 C): side and channels after each layer.
SHAPES = [
    (149, 32), (147, 32), (147, 64), (73, 160), (71, 192), (35, 384), *[(35, 384)] * 4, (17, 1024),
    *[(17, 1024)] * 7, (8, 1536), *[(8, 1536)] * 3,
]  # fmt: skip


def test_sizes_of_the_figures() -> None:
    x, found = blank(299), []
    for layer in backbone_of(FIGURE_9).layers:
        x = layer(x)
        found.append((x.shape[-1], x.shape[1]))
    assert found == SHAPES


def test_dropout_keeps_eight_tenths() -> None:
    assert whole("inception_v4").dropout.p == pytest.approx(1 - 0.8)  # Figure 9
