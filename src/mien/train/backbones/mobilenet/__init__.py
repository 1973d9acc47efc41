"""The MobileNets, one file a paper."""

from mien.train.backbones.mobilenet import v1, v2, v3, v4

NETWORKS = {**v1.NETWORKS, **v2.NETWORKS, **v3.NETWORKS, **v4.NETWORKS}
VARIANTS = v1.VARIANTS
"""Not of a paper, but of the code that weights come from."""
