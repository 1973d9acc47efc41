"""Learning rates of the parts of a network: the backbone against the heads, early layers against late ones."""

import re
from collections import defaultdict
from typing import Any

from torch import nn

from mien.errors import InputError
from mien.train.recipe import Recipe

_LAYER = re.compile(r"model\.backbone\.layers\.(\d+)\.")
_BACKBONE = "model.backbone."


def rate_groups(module: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Groups of an optimizer's weights with their rates `lr`, each of matrices and then of biases and norms, undecayed.

    The first pair has the rate of the recipe: heads, and all else that is no backbone. Layer k of n of the backbone has
    lr * lr_scale * layer_decay^(n - 1 - k), Howard & Ruder, "Universal language model fine-tuning", ACL 2018, section
    3.2; with both at 1 it belongs to the first pair. Raises InputError where a backbone has no such layers.
    """
    named: dict[float, list[nn.Parameter]] = defaultdict(list)
    named[recipe.lr] = []
    last = _last_layer(module, recipe)
    for name, parameter in module.named_parameters():
        named[recipe.lr * _factor(name, last, recipe)].append(parameter)
    groups: list[dict[str, Any]] = []
    for rate, parameters in named.items():
        groups.append({"params": [p for p in parameters if p.ndim > 1], "lr": rate})
        groups.append({"params": [p for p in parameters if p.ndim <= 1], "lr": rate, "weight_decay": 0.0})
    return groups


def _last_layer(module: nn.Module, recipe: Recipe) -> int:
    layers = [int(match[1]) for name, _ in module.named_parameters() if (match := _LAYER.match(name))]
    if recipe.layer_decay < 1 and not layers:
        raise InputError(f"'layer_decay' must be 1 for {recipe.backbone!r}. Got {recipe.layer_decay}.")
    return max(layers, default=0)


def _factor(name: str, last: int, recipe: Recipe) -> float:
    if not name.startswith(_BACKBONE):
        return 1.0
    match = _LAYER.match(name)
    depth = last - int(match[1]) if match else 0
    return recipe.lr_scale * recipe.layer_decay**depth
