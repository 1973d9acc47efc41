"""Backbones by name: those of our tables, and `timm:NAME` for any other where timm is installed."""

from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from mien.errors import InputError, expect
from mien.train.backbones.base import Backbone, Classifier, DropPath, Network, Pyramid
from mien.train.backbones.inception import NETWORKS as INCEPTIONS
from mien.train.backbones.mobilenet import NETWORKS as MOBILENETS
from mien.train.backbones.mobilenet import VARIANTS
from mien.train.backbones.pretrained import load_pretrained
from mien.train.backbones.timm_models import PREFIX, create_timm

NETWORKS: dict[str, Network] = {**INCEPTIONS, **MOBILENETS}


def list_backbones(pattern: str = "*") -> list[str]:
    """Names of our backbones that fit a pattern of `fnmatch`, in alphabetical order.

    >>> list_backbones("mobilenet_v3*")
    ['mobilenet_v3_large', 'mobilenet_v3_small']
    """
    return sorted(name for name in NETWORKS if fnmatchcase(name, pattern))


def create_backbone(
    name: str,
    *,
    width: float = 1.0,
    in_channels: int = 3,
    stem_stride: int = 2,
    drop_path: float = 0.0,
    features_only: bool = False,
    pretrained: str | Path | None = None,
    images: Tensor | None = None,
) -> nn.Module:
    """A backbone with fresh weights: its last map, or with `features_only` all maps, one a resolution.

    It has `num_features`, `feature_channels` and `feature_strides`. drop_path: rate of stochastic depth of the
    last residual branch; those before it have less. stem_stride: 1 keeps small crops at full resolution.
    pretrained: a shipped model ('landmarks', 'expression', 'expression-open', 'age', 'attractiveness') or an exported
    ONNX file, whose body gives the weights; `width` and `stem_stride` must be those of its recipe. Its norms are folded
    into the convolutions, or put back with the statistics of normalized crops `images` (B, 3, S, S).
    Raises InputError for a name that is not registered, or an option that the network does not have.

    >>> create_backbone("mobilenet_v2", width=0.5).feature_channels
    (8, 16, 16, 48, 160)
    >>> create_backbone("mobilenet_v4_conv_small", width=0.75, pretrained="expression-open").num_features
    96
    """
    expect(in_channels >= 1, "in_channels", "a whole number of at least 1", in_channels)
    expect(stem_stride in (1, 2), "stem_stride", "1 or 2", stem_stride)
    expect(width > 0, "width", "above 0", width)
    expect(0 <= drop_path < 1, "drop_path", "at least 0 and below 1", drop_path)
    expect(images is None or pretrained is not None, "images", "None without 'pretrained'", images)
    options: dict[str, Any] = {"width": width, "in_channels": in_channels, "stem_stride": stem_stride}
    if name.startswith(PREFIX):
        expect(pretrained is None, "pretrained", f"None for {name!r}, which mien has no weights of", pretrained)
        return create_timm(name, drop_path=drop_path, features_only=features_only, **options)
    network = find_network(name)
    if not network.scales:
        expect(width == 1, "width", f"1 for {name!r}, whose paper has no width multiplier", width)
    backbone = Backbone(network.table, taps=network.taps, drop_path=drop_path, **options)
    if not any(isinstance(module, DropPath) for module in backbone.modules()):
        expect(drop_path == 0, "drop_path", f"0 for {name!r}, which has no residual branches", drop_path)
    if pretrained is not None:
        load_pretrained(backbone, pretrained, images)
    return Pyramid(backbone) if features_only else backbone


def create_classifier(
    name: str, num_classes: int = 1000, *, dropout: float | None = None, aux: bool = False, **options: Any
) -> Classifier:
    """The whole network of a paper; options as for `create_backbone`, dropout None as in the paper.

    aux: with the auxiliary heads of the paper. Raises InputError as `create_backbone` does, and for heads that
    the paper does not have.
    """
    network = find_network(name)
    expect(num_classes >= 1, "num_classes", "a whole number of at least 1", num_classes)
    expect(not aux or network.aux is not None, "aux", f"False for {name!r}, which has no auxiliary heads", aux)
    backbone = create_backbone(name, **options)
    if not isinstance(backbone, Backbone):
        raise InputError("'features_only' must be False for a classifier. Got True.")
    rate = network.dropout if dropout is None else dropout
    return Classifier(network, backbone, num_classes, dropout=rate, width=options.get("width", 1.0), aux=aux)


def find_network(name: str) -> Network:
    """The definition of a network. Raises InputError, with the nearest name, for one that is not registered."""
    known = {**NETWORKS, **VARIANTS}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 1)
    advice = f" Did you mean {near[0]!r}?" if near else ""
    raise InputError(f"'backbone' must be one of {', '.join(sorted(known))}, or {PREFIX}NAME. Got {name!r}.{advice}")
