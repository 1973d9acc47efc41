"""Weights of a finished run for a network of the profiler."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from mien.errors import InputError, expect


def read_state(path: Path) -> dict[str, Tensor]:
    """Weights by name of a .pt file. Raises InputError for a file that cannot be read or holds anything else."""
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a broken file makes the reader raise
        raise InputError(f"'weights' must be the weights.pt of a run. Got {str(path)!r}: {error}") from error
    whole = isinstance(loaded, Mapping) and all(isinstance(value, Tensor) for value in loaded.values())
    expect(whole, "weights", "a file of weights by name", str(path))
    return dict(loaded)


def take_over(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> str:
    """Take over the weights whose names and shapes fit, and say how many. Raises InputError where none does.

    >>> take_over(nn.Linear(2, 1), {"weight": torch.ones(1, 2)}, Path("run/weights.pt"))
    '1 of 2 tensors from weights.pt'
    """
    state = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in state and state[name].shape == value.shape}
    expect(bool(fitting), "weights", "those of this network", str(path))
    network.load_state_dict({**state, **fitting})
    return f"{len(fitting)} of {len(state)} tensors from {path.name}"
