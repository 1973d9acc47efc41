"""The effective field: inside the theoretical one, where the weights say, narrower than it."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from torch import nn

from mien.errors import InputError, SinkError
from mien.profile.effective import effective_field, photo_tensor, save_effective, settle
from mien.train.backbones.registry import create_classifier


def box_net(layers: int) -> nn.Sequential:
    net = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(layers)))
    for parameter in net.parameters():
        nn.init.constant_(parameter, 1 / 9)
    return net


def test_equal_weights_make_the_binomial_bell_of_the_paper() -> None:
    found = effective_field(box_net(4), torch.rand(1, 1, 31, 31))
    line = np.array([1.0])
    for _ in range(4):
        line = np.convolve(line, np.ones(3) / 3)
    assert found.box == (11, 11, 20, 20)
    np.testing.assert_allclose(found.weight[11:20, 11:20], np.outer(line, line), rtol=1e-5)
    assert found.weight.sum() == pytest.approx(1)
    assert found.size == pytest.approx((4 * np.sqrt(4 * 2 / 3),) * 2, rel=1e-4)


def test_it_grows_like_a_root_and_the_theoretical_one_in_a_line() -> None:
    small, large = (effective_field(box_net(n), torch.rand(1, 1, 63, 63)) for n in (4, 16))
    assert large.box[2] - large.box[0] == 33
    assert large.size[0] / small.size[0] == pytest.approx(2, rel=0.01)


def test_nothing_outside_the_theoretical_field_of_a_backbone() -> None:
    torch.manual_seed(0)
    net = create_classifier("mobilenet_v1", 10, width=0.25).train()
    found = effective_field(net.backbone.layers[:5], torch.rand(1, 3, 65, 97))
    assert found.share_within(found.box) == pytest.approx(1)
    assert found.box[2] - found.box[0] == 27
    assert net.training


def test_it_is_drawn(tmp_path: Path) -> None:
    found = effective_field(box_net(3), torch.rand(1, 1, 21, 21))
    path = save_effective(found, tmp_path / "field.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SinkError, match="cannot be drawn"):
        save_effective(found, tmp_path / "missing" / "field.png")


def test_wrong_pictures_and_models() -> None:
    with pytest.raises(InputError, match="'picture' must be of shape"):
        effective_field(box_net(1), torch.rand(1, 21, 21))
    with pytest.raises(InputError, match="last feature map"):
        effective_field(nn.Flatten(), torch.rand(1, 1, 4, 4))


def test_a_photo_becomes_a_picture_of_the_network_s_size() -> None:
    photo = np.zeros((40, 60, 3), np.uint8)
    photo[:, 30:] = 255
    found = photo_tensor(photo, 20, 20)
    assert tuple(found.shape) == (1, 3, 20, 20)
    assert float(found[..., :8].max()) == pytest.approx(-127.5 / 64)
    assert float(found[..., 12:].min()) == pytest.approx(127.5 / 64)
    assert tuple(photo_tensor(photo, 50, 70).shape) == (1, 3, 50, 70)


def test_settled_norms_keep_gradients_alive() -> None:
    torch.manual_seed(0)
    layers = [nn.Sequential(nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2)) for _ in range(8)]
    net = nn.Sequential(*layers, nn.Dropout())
    for layer in layers:
        nn.init.constant_(layer[0].weight, 1e-3)
    pictures = torch.rand(1, 2, 9, 9)
    before = torch.get_rng_state()
    assert float(net.eval()(pictures).detach().std()) < 1e-3
    assert settle(net, pictures) is net
    assert 0.5 < float(net(pictures).detach().std()) < 2
    assert not net.training
    assert {layer[1].momentum for layer in layers} == {0.1}
    assert torch.equal(torch.get_rng_state(), before)
