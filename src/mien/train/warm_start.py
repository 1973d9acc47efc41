"""Weights of an exported network as the start of a training run: its norms, folded away, are put in again."""

from collections.abc import Callable
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from mien.errors import InputError
from mien.train.fold import find_pairs

HALF = "_half"
_AROUND = ("network.", "members.0.")
"""What stands before the names of a network with an embedding beside its outputs, and of the first of several."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Weights by name of a network that `mien export` wrote, in full precision; of several in one file, the first.

    Raises InputError for another file, and for one of 8 bits, whose weights are rounded too far to learn from.
    """
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # whatever a broken file makes the parser raise
        raise InputError(f"'init' must be an ONNX file that 'mien export' wrote. Got {str(path)!r}: {error}") from error
    tensors = {_plain(tensor.name): numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {
        name: torch.from_numpy(value.copy()).float() for name, value in tensors.items() if value.dtype.kind == "f"
    }
    if not any(name.startswith("backbone.") for name in weights):
        raise InputError(f"'init' must be the float network of 'mien export', not the 8 bit one. Got {str(path)!r}.")
    return weights


def _plain(name: str) -> str:
    for around in _AROUND:
        name = name.removeprefix(around)
    return name.removesuffix(HALF)


def load_body(model: nn.Module, weights: dict[str, Tensor]) -> list[str]:
    """Take over the weights whose names and shapes fit; returns the names that did not."""
    own = model.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    model.load_state_dict({**own, **fitting})
    return sorted(set(own) - set(fitting))


def warm_start(model: nn.Module, weights: dict[str, Tensor], image: Tensor) -> list[str]:
    """Load exported weights so that on `image` (B, 3, S, S), normalised, the network gives what the exported one gives.

    A norm behind a convolution with the folded bias b gets the mean m and variance v of what it reads, and
    gamma = sqrt(v + eps), beta = m + b: it adds b, and goes on to learn as a norm does. The more images, the closer m
    and v to those of the data. Returns the names of the layers for which `weights` had nothing that fits.
    """
    missing = load_body(model, weights)
    hooks = []
    for conv, norm in find_pairs(model):
        bias = weights.get(f"{conv}.bias")
        layer = model.get_submodule(norm)
        assert isinstance(layer, nn.BatchNorm2d)
        if bias is None or bias.shape != layer.weight.shape or f"{conv}.weight" in missing:
            continue
        missing = [name for name in missing if not name.startswith(f"{norm}.")]
        hooks.append(layer.register_forward_pre_hook(_adding(bias)))
    was = model.training
    with torch.no_grad():
        model.eval()(image)
    model.train(was)
    for hook in hooks:
        hook.remove()
    return sorted({name.rpartition(".")[0] for name in missing})


def _adding(bias: Tensor) -> Callable[[nn.BatchNorm2d, tuple[Tensor, ...]], None]:
    """A hook that sets a norm to add this bias to what it reads."""

    def hook(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean + bias)

    return hook
