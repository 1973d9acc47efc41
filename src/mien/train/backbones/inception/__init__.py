"""The Inceptions, one file a paper's network."""

from mien.train.backbones.inception import (
    bn_inception,
    googlenet,
    inception_resnet,
    inception_v3,
    inception_v4,
    xception,
)

NETWORKS = {
    **googlenet.NETWORKS,
    **bn_inception.NETWORKS,
    **inception_v3.NETWORKS,
    **inception_v4.NETWORKS,
    **inception_resnet.NETWORKS,
    **xception.NETWORKS,
}
