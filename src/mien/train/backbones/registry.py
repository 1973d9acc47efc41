"""Backbones by name."""

from collections.abc import Callable

from torch import nn

from mien.errors import InputError
from mien.train.backbones.mobilenet import CONV_SMALL, MobileNetV4


def _mobilenet_v4_conv_small(width: float) -> MobileNetV4:
    return MobileNetV4(CONV_SMALL, width=width)


BACKBONES: dict[str, Callable[[float], nn.Module]] = {"mobilenet_v4_conv_small": _mobilenet_v4_conv_small}


def create_backbone(name: str, width: float = 1.0) -> nn.Module:
    """A backbone with fresh weights. Raises InputError for a name that is not registered."""
    if name not in BACKBONES:
        raise InputError(f"'backbone' must be one of {', '.join(sorted(BACKBONES))}. Got {name!r}.")
    return BACKBONES[name](width)
