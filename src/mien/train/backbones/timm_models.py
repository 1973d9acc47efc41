"""Backbones of timm (https://github.com/huggingface/pytorch-image-models), where it is installed: `timm:NAME`."""

from difflib import get_close_matches
from importlib import import_module
from typing import Any

from torch import Tensor, nn

from mien.errors import InputError, expect

PREFIX = "timm:"


class TimmPyramid(nn.Module):
    """A network of timm that gives its maps, one a resolution, the largest first.

    feature_channels, feature_strides: of these maps. num_features: channels of the last.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.feature_channels: tuple[int, ...] = tuple(model.feature_info.channels())
        self.feature_strides: tuple[int, ...] = tuple(model.feature_info.reduction())
        self.num_features = self.feature_channels[-1]
        self.channels_last = getattr(model, "output_fmt", "NCHW") == "NHWC"

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, in_channels, H, W) -> maps (B, feature_channels[k], H / feature_strides[k], ...)."""
        maps: list[Tensor] = self.model(x)
        return [m.permute(0, 3, 1, 2) for m in maps] if self.channels_last else maps


class TimmBackbone(nn.Module):
    """The last map (B, num_features, H / s, W / s) of a network of timm."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.maps = TimmPyramid(model)
        self.num_features = self.maps.num_features
        self.feature_channels, self.feature_strides = self.maps.feature_channels, self.maps.feature_strides

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, num_features, H / s, W / s)."""
        maps: list[Tensor] = self.maps(x)
        return maps[-1]


def create_timm(
    name: str, *, width: float, in_channels: int, stem_stride: int, drop_path: float, features_only: bool
) -> nn.Module:
    """The network of timm called `timm:NAME` with fresh weights, as a backbone; nothing is downloaded.

    Raises InputError when timm is not there or has no such network, or for an option that the network lacks.
    """
    expect(width == 1, "width", f"1 for {name!r}, whose name says how wide it is", width)
    expect(stem_stride == 2, "stem_stride", f"2 for {name!r}, whose stem stays as timm has it", stem_stride)
    timm = _import_timm(name)
    wanted = name.removeprefix(PREFIX)
    if not timm.is_model(wanted):
        near = [PREFIX + other for other in get_close_matches(wanted, timm.list_models(), 3)]
        advice = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise InputError(f"'backbone' must be timm: and the name of a network of timm. Got {name!r}.{advice}")
    model = _create(timm, wanted, {"in_chans": in_channels}, drop_path)
    return TimmPyramid(model) if features_only else TimmBackbone(model)


def _import_timm(name: str) -> Any:
    try:
        return import_module("timm")
    except ImportError as error:
        raise InputError(
            f"'backbone' {name!r} needs the package timm, which cannot be imported: {error}. "
            "Install it with: pip install timm"
        ) from error


def _create(timm: Any, name: str, options: dict[str, Any], drop_path: float) -> Any:
    if drop_path:
        options = {**options, "drop_path_rate": drop_path}
    try:
        return timm.create_model(name, pretrained=False, features_only=True, **options)
    except TypeError as error:
        if "drop_path_rate" not in str(error):
            raise
        expected = f"0 for 'timm:{name}', which has no stochastic depth"
        raise InputError(f"'drop_path' must be {expected}. Got {drop_path!r}.") from error
    except (AttributeError, RuntimeError) as error:
        raise InputError(
            f"'backbone' must be a network of timm that gives its maps. Got 'timm:{name}': {error}"
        ) from error
