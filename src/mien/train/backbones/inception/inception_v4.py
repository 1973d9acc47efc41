"""Inception v4.

Szegedy, Ioffe, Vanhoucke & Alemi, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on
Learning", AAAI 2017 (arXiv:1602.07261), Figures 3 to 9. Images are at least 75 px (stem stride 2) or 39 px (1) on a
side.
"""

from mien.train.backbones.base import Network, Row
from mien.train.backbones.inception.blocks import AvgPool, Conv, MaxPool, mixed

STEM: tuple[Row, ...] = (
    Conv(32, 3, 2, valid=True),
    Conv(32, 3, valid=True),
    Conv(64, 3),
    mixed([MaxPool(valid=True)], [Conv(96, 3, 2, valid=True)]),
    mixed(
        [Conv(64), Conv(96, 3, valid=True)],
        [Conv(64), Conv(64, (1, 7)), Conv(64, (7, 1)), Conv(96, 3, valid=True)],
    ),
    mixed([Conv(192, 3, 2, valid=True)], [MaxPool(valid=True)]),
)
"""Figure 3."""

INCEPTION_A = mixed(
    [Conv(96)],
    [Conv(64), Conv(96, 3)],
    [Conv(64), Conv(96, 3), Conv(96, 3)],
    [AvgPool(), Conv(96)],
)
"""Figure 4, 35x35."""

REDUCTION_A = mixed(
    [Conv(384, 3, 2, valid=True)],
    [Conv(192), Conv(224, 3), Conv(256, 3, 2, valid=True)],
    [MaxPool(valid=True)],
)
"""Figure 7 with the filters of Table 1."""

INCEPTION_B = mixed(
    [Conv(384)],
    [Conv(192), Conv(224, (1, 7)), Conv(256, (7, 1))],
    [Conv(192), Conv(192, (7, 1)), Conv(224, (1, 7)), Conv(224, (7, 1)), Conv(256, (1, 7))],
    [AvgPool(), Conv(128)],
)
"""Figure 5, 17x17; 7x1 where the figure writes 1x7 twice, as in the authors' code."""

REDUCTION_B = mixed(
    [Conv(192), Conv(192, 3, 2, valid=True)],
    [Conv(256), Conv(256, (1, 7)), Conv(320, (7, 1)), Conv(320, 3, 2, valid=True)],
    [MaxPool(valid=True)],
)
"""Figure 8."""

SPLIT = mixed([Conv(256, (1, 3))], [Conv(256, (3, 1))])

INCEPTION_C = mixed(
    [Conv(256)],
    [Conv(384), SPLIT],
    [Conv(384), Conv(448, (3, 1)), Conv(512, (1, 3)), SPLIT],
    [AvgPool(), Conv(256)],
)
"""Figure 6, 8x8."""

FIGURE_9: tuple[Row, ...] = (
    *STEM,
    *[INCEPTION_A] * 4,
    REDUCTION_A,
    *[INCEPTION_B] * 7,
    REDUCTION_B,
    *[INCEPTION_C] * 3,
)

NETWORKS = {"inception_v4": Network(FIGURE_9, size=299, dropout=0.2)}
