"""Kernel, stride, dilation and padding of the operators that slide a window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.profile.graph import Operation, Value

CONVOLUTIONS = (
    "convolution", "_convolution", "convolution_overrideable",
    *(f"{kind}_convolution{end}" for kind in ("mkldnn", "cudnn", "miopen") for end in ("", "_relu", "_transpose")),
    "cudnn_convolution_add_relu", "miopen_depthwise_convolution", "_conv_depthwise2d", "conv_depthwise3d",
    "_slow_conv2d_forward", "slow_conv3d_forward", "slow_conv_dilated2d", "slow_conv_dilated3d",
    "slow_conv_transpose2d", "slow_conv_transpose3d", "thnn_conv2d", "_nnpack_spatial_convolution",
    "mkldnn::_convolution_pointwise", *(f"onednn::qconv{n}_pointwise" for n in ("", "1d", "2d", "3d")),
)  # fmt: skip
POOLS = (
    *(f"avg_pool{n}d" for n in (1, 2, 3)),
    *(f"max_pool{n}d{end}" for n in (1, 2, 3) for end in ("", "_with_indices")),
)


@dataclass(frozen=True, slots=True)
class Windows:
    """One number an axis for each; with `transposed` positions of the output are spread over, not read."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...]
    transposed: bool = False

    @property
    def effective_kernel(self) -> tuple[int, ...]:
        """(k - 1) * d + 1, holes included."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))


def windows(operation: Operation) -> Windows | None:
    """The windows of a convolution or pooling; None for any other operation.

    >>> windows(Operation("avg_pool2d", {"kernel_size": [3], "stride": []}, ()))
    Windows(kernel=(3, 3), stride=(3, 3), dilation=(1, 1), padding=(0, 0), transposed=False)
    """
    given = operation.attributes
    if operation.name in CONVOLUTIONS:
        kernel = tuple(kernel_of(operation).shape)[-len(operation.inputs[0].shape) + 2 :]
    elif operation.name in POOLS or operation.name == "im2col":
        sides = int(operation.name.split("pool")[1][0]) if "pool" in operation.name else 2
        kernel = numbers(operation, "kernel_size", sides)
    else:
        return None
    n = len(kernel)
    stride = (
        numbers(operation, "stride", n) if given.get("stride") else kernel if "pool" in operation.name else (1,) * n
    )
    dilation, padding = numbers(operation, "dilation", n), numbers(operation, "padding", n, 0)
    return Windows(kernel, stride, dilation, padding, is_transposed(operation))


def kernel_of(operation: Operation) -> Value:
    """The weight of a convolution, (C_out, C_in / groups, k, ...) or (C_in, C_out / groups, k, ...) if transposed."""
    weight: Value = next(operation.attributes[name] for name in ("weight", "W", "qw") if name in operation.attributes)
    return weight


def is_transposed(operation: Operation) -> bool:
    """Whether it spreads positions over the output instead of reading them."""
    return bool(operation.attributes.get("transposed", "transpose" in operation.name))


def numbers(operation: Operation, name: str, count: int, default: int = 1) -> tuple[int, ...]:
    """An argument with one number an axis; one number stands for all, none for the default."""
    given = operation.attributes.get(name)
    listed = (given,) if isinstance(given, int) else tuple(given or (default,))
    return listed * count if len(listed) == 1 else listed


def sliding(operation: Operation) -> Windows:
    """The windows of an operation that is known to have them."""
    geometry = windows(operation)
    assert geometry is not None
    return geometry


def reached(geometry: Windows, extents: Sequence[int]) -> NDArray[np.bool_]:
    """Which positions (P, Q, ...) a transposed convolution writes to; a stride above the kernel leaves gaps.

    >>> reached(Windows((1,), (2,), (1,), (0,), True), (3,)).tolist()
    [True, False, True]
    """
    mask = np.ones((), bool)
    for kernel, stride, dilation, padding, extent in zip(
        geometry.kernel, geometry.stride, geometry.dilation, geometry.padding, extents, strict=True
    ):
        taps = np.arange(extent) + padding - np.arange(kernel)[:, None] * dilation
        mask = mask[..., None] & (taps % stride == 0).any(axis=0)
    return mask
