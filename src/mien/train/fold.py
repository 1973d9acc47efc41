"""Batch normalization folded into the convolution before it, wherever the two stand."""

from collections import Counter
from itertools import pairwise

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Pair = tuple[str, str]
"""Names of a convolution and of the batch normalisation that reads it."""


def fold(model: nn.Module) -> None:
    """Fold each batch normalization into the convolution before it; outputs stay the same.

    Which layer reads which is told by tracing `forward`, so that it does not matter how they are kept. Where a network
    cannot be traced, neighbors in a Sequential are folded. A convolution whose output is used elsewhere too, or a
    layer that runs twice, stays as it is.
    """
    for conv_name, norm_name in find_pairs(model):
        conv, norm = model.get_submodule(conv_name), model.get_submodule(norm_name)
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        if not norm.track_running_stats:
            continue
        _replace(model, conv_name, fuse_conv_bn_eval(conv, norm))
        _replace(model, norm_name, nn.Identity())


def find_pairs(model: nn.Module) -> list[Pair]:
    """Convolutions whose output goes into one batch normalization and nowhere else."""
    try:
        graph = fx.Tracer().trace(model)
    except Exception:  # forward may do anything; what is not understood is not changed
        return _neighbours(model)
    runs = Counter(str(node.target) for node in graph.nodes if node.op == "call_module")
    pairs = []
    for node in graph.nodes:
        conv = node.args[0] if node.op == "call_module" and node.args else None
        if not isinstance(conv, fx.Node) or conv.op != "call_module" or len(conv.users) != 1:
            continue
        pair = (str(conv.target), str(node.target))
        if _fits(model, pair) and all(runs[name] == 1 for name in pair):
            pairs.append(pair)
    return pairs


def _neighbours(model: nn.Module) -> list[Pair]:
    """A convolution and a batch normalization one after the other in a Sequential."""
    pairs = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Sequential):
            inside = [f"{name}.{child}" if name else child for child, _ in module.named_children()]
            pairs += [pair for pair in pairwise(inside) if _fits(model, pair)]
    return pairs


def _fits(model: nn.Module, pair: Pair) -> bool:
    conv, norm = (model.get_submodule(name) for name in pair)
    return isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, layer)
