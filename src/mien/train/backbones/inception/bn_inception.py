"""BN-Inception (Inception v2).

Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
ICML 2015 (arXiv:1502.03167), Appendix, Figure 5. The authors' code (tensorflow/models, slim, inception_v2.py) has 96
instead of 128 channels after the pooling of 4c and 4d, and a separable first convolution as the appendix mentions.
"""

from mien.train.backbones.base import Network, Row
from mien.train.backbones.inception.blocks import AvgPool, Conv, MaxPool, Mixed, mixed


def inception(n1: int, reduce3: int, n3: int, reduce33: int, n33: int, pool: AvgPool | MaxPool, proj: int) -> Mixed:
    """A module by the columns: #1x1, #3x3 reduce, #3x3, double #3x3 reduce, double #3x3, pool and projection."""
    return mixed(
        [Conv(n1)],
        [Conv(reduce3), Conv(n3, 3)],
        [Conv(reduce33), Conv(n33, 3), Conv(n33, 3)],
        [pool, Conv(proj)],
    )


def reduction(reduce3: int, n3: int, reduce33: int, n33: int) -> Mixed:
    """A module that halves the grid: no 1x1 branch, the pooled maps pass through."""
    return mixed(
        [Conv(reduce3), Conv(n3, 3, 2)],
        [Conv(reduce33), Conv(n33, 3), Conv(n33, 3, 2)],
        [MaxPool(3, 2)],
    )


FIGURE_5: tuple[Row, ...] = (
    Conv(64, 7, 2),
    MaxPool(3, 2),
    Conv(64),
    Conv(192, 3),
    MaxPool(3, 2),
    inception(64, 64, 64, 64, 96, AvgPool(), 32),  # 3a
    inception(64, 64, 96, 64, 96, AvgPool(), 64),
    reduction(128, 160, 64, 96),
    inception(224, 64, 96, 96, 128, AvgPool(), 128),  # 4a
    inception(192, 96, 128, 96, 128, AvgPool(), 128),
    inception(160, 128, 160, 128, 160, AvgPool(), 128),
    inception(96, 128, 192, 160, 192, AvgPool(), 128),
    reduction(128, 192, 192, 256),
    inception(352, 192, 320, 160, 224, AvgPool(), 128),  # 5a
    inception(352, 192, 320, 192, 224, MaxPool(3, 1), 128),
)

NETWORKS = {"bn_inception": Network(FIGURE_5)}
"""No dropout: the paper takes it out (Section 4.2.1)."""
