"""BN-Inception against the table in the appendix of its paper."""

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

from tests.train.backbones.inception.inception_measures import backbone_of, blank, whole

from mien.train.backbones.inception.bn_inception import FIGURE_5

# Ioffe & Szegedy 2015, Figure 5: side and channels after each row; 4c to 4e as the columns of filters add up.
SHAPES = [
    (112, 64), (56, 64), (56, 64), (56, 192), (28, 192), (28, 256), (28, 320), (14, 576), (14, 576), (14, 576),
    (14, 608), (14, 608), (7, 1056), (7, 1024), (7, 1024),
]  # fmt: skip


def test_sizes_of_the_table() -> None:
    x, found = blank(224), []
    for layer in backbone_of(FIGURE_5).layers:
        x = layer(x)
        found.append((x.shape[-1], x.shape[1]))
    assert found == SHAPES


def test_the_last_module_takes_the_maximum_and_the_others_the_mean() -> None:
    pools = [str(row.branches[3][0]).split("(")[0] for row in FIGURE_5[5:] if len(getattr(row, "branches", ())) == 4]
    assert pools == ["AvgPool"] * 7 + ["MaxPool"]


def test_no_dropout() -> None:
    assert whole("bn_inception").dropout.p == 0
