"""Weights are taken over by name and shape; anything else is refused."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from torch import nn

from mien.errors import InputError
from mien.profile.weights import read_state, take_over


def test_what_fits_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"0.weight": torch.ones(3, 2), "1.weight": torch.ones(9, 9)}, path)
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = net[1].weight.detach().clone()
    assert take_over(net, read_state(path), path) == "1 of 4 tensors from weights.pt"
    assert torch.equal(net[0].weight, torch.ones(3, 2))
    assert torch.equal(net[1].weight, before)


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}])
def test_other_files(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pt"
    torch.save(content, path)
    with pytest.raises(InputError, match="'weights' must be a file of weights by name"):
        read_state(path)
    path.write_text("nothing")
    with pytest.raises(InputError, match=r"'weights' must be the weights.pt of a run"):
        read_state(path)


def test_weights_of_another_network() -> None:
    with pytest.raises(InputError, match="'weights' must be those of this network"):
        take_over(nn.Linear(2, 1), {"weight": torch.ones(5)}, Path("weights.pt"))
