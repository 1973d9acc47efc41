"""Networks that turn a crop (B, 3, S, S) into a feature map."""

from mien.train.backbones.base import Backbone, Classifier, Network, Pyramid
from mien.train.backbones.registry import create_backbone, create_classifier, find_network, list_backbones

__all__ = [
    "Backbone",
    "Classifier",
    "Network",
    "Pyramid",
    "create_backbone",
    "create_classifier",
    "find_network",
    "list_backbones",
]
