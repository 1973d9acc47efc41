"""Folding changes no output, wherever convolution and norm are kept, and leaves alone what it must not touch."""

import pytest

pytest.importorskip("torch", reason="folding needs mien[train]")

import torch
from torch import Tensor, nn

from mien.train.backbones.registry import NETWORKS, create_backbone
from mien.train.fold import find_pairs, fold


def seasoned(model: nn.Module) -> nn.Module:
    """The network in use, its norms as if they had seen data."""
    torch.manual_seed(0)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d) and module.track_running_stats:
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
    return model.eval()


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


class Named(nn.Module):
    """Layers kept by name, the norm registered before the convolution that it follows."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(3, 4, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)).relu()


class Tapped(Named):
    """The convolution's output is used beside the norm too."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return self.norm(y) + y


class Twice(Named):
    """One norm for two inputs."""

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) + self.norm(self.conv(-x))


class Apart(Named):
    """Neighbours by name that do not follow each other: the norm reads the sum."""

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x) + 1)


class Untraceable(nn.Module):
    """What runs depends on the data; the Sequential inside is folded all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) if x.sum() > 0 else self.body(-x)


@pytest.mark.parametrize(("kind", "left"), [(Named, 0), (Untraceable, 0), (Tapped, 1), (Twice, 1), (Apart, 1)])
def test_outputs_stay_the_same_and_what_cannot_be_folded_stays(kind: type[nn.Module], left: int) -> None:
    model, pictures = seasoned(kind()), torch.randn(2, 3, 9, 9)
    with torch.no_grad():
        before = model(pictures)
        fold(model)
        after = model(pictures)
    assert norms(model) == left
    assert (before - after).abs().max() < 1e-5 * before.abs().max()


def test_a_norm_without_statistics_of_its_own_stays() -> None:
    model = seasoned(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, track_running_stats=False)))
    fold(model)
    assert norms(model) == 1


def test_folding_twice_is_folding_once() -> None:
    model = seasoned(Named())
    fold(model)
    names = list(model.state_dict())
    assert find_pairs(model) == []
    fold(model)
    assert list(model.state_dict()) == names


@pytest.mark.parametrize("name", ["mobilenet_v4_conv_small", *sorted({n.split("_v")[0]: n for n in NETWORKS}.values())])
def test_one_network_of_each_family_folds_without_a_norm_left(name: str) -> None:
    model, pictures = seasoned(create_backbone(name)), torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        before = model(pictures)
        count = norms(model)
        pairs = len(find_pairs(model))
        fold(model)
        after = model(pictures)
    assert norms(model) == count - pairs
    assert (before - after).abs().max() < 1e-4 * before.abs().max()
