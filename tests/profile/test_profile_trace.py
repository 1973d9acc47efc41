"""Any module is traced: functional calls, shared layers, attention, control flow, writes; what fails is named."""

from copy import deepcopy

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from mien.errors import InputError
from mien.profile import profile


class Net(nn.Module):
    """A module from a function of itself and its inputs."""

    def __init__(self, function, **parts: nn.Module) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)
        self.weight = nn.Parameter(torch.rand(6, 4, 3, 3))

    def forward(self, *inputs: Tensor):  # type: ignore[no-untyped-def]
        return self.function(self, *inputs)


def attention(net: Net, x: Tensor) -> Tensor:
    """Plain attention, written out."""
    scores = x @ x.transpose(-2, -1) / x.shape[-1] ** 0.5
    return scores.softmax(-1) @ x


MODELS = {
    "functional convolution": (Net(lambda net, x: functional.conv2d(x, net.weight)), (2, 4, 9, 8)),
    "linear on (N, H, W, C)": (nn.Linear(4, 7), (2, 5, 6, 4)),
    "linear without bias": (nn.Linear(4, 7, bias=False), (3, 4)),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, 2, 1), (2, 4, 5, 6)),
    "transposed in groups": (nn.ConvTranspose2d(4, 6, 3, 2, 1, groups=2), (1, 4, 5, 6)),
    "1-D": (nn.Conv1d(4, 3, 5), (2, 4, 11)),
    "3-D": (nn.Conv3d(4, 3, 2), (1, 4, 5, 6, 7)),
    "fused attention": (Net(lambda net, x: functional.scaled_dot_product_attention(x, x, x)), (2, 3, 10, 8)),
    "plain attention": (Net(attention), (2, 3, 10, 8)),
    "einsum": (Net(lambda net, x: torch.einsum("bik,bjk->bij", x, x)), (2, 5, 8)),
    "transformer": (nn.TransformerEncoderLayer(16, 4, 32, batch_first=True), (2, 7, 16)),
    "recurrent": (nn.LSTM(4, 8, batch_first=True), (2, 5, 4)),
    "bilinear": (Net(lambda net, x: torch.baddbmm(x, x, x)), (2, 4, 4)),
}


@pytest.mark.parametrize("name", MODELS)
def test_flops_are_those_of_flop_counter_mode(name: str) -> None:
    model, shape = MODELS[name]
    report = profile(model, shape)
    torch.backends.mha.set_fastpath_enabled(False)
    try:  # on meta tensors: on a CPU the counter misses fused attention and LSTMs
        with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
            deepcopy(model).to("meta").eval()(torch.zeros(shape))
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    assert report.flops == counter.get_total_flops() > 0
    assert report.notes == ()


def test_linear_by_hand() -> None:
    report = profile(nn.Linear(4, 7), (2, 5, 6, 4))
    rows = 2 * 5 * 6 * 7
    assert (report.multiplications, report.additions) == (4 * rows, 4 * rows)
    assert report.cost.additions_without_bias == 3 * rows
    assert (report.parameters, report.bias_parameters, report.activations) == (35, 7, rows)


def test_shared_layers_count_once_as_parameters_and_each_time_as_work() -> None:
    conv = nn.Conv2d(4, 4, 3, padding=1)
    once, twice = profile(conv, (1, 4, 8, 8)), profile(nn.Sequential(conv, conv), (1, 4, 8, 8))
    assert (twice.parameters, twice.bias_parameters) == (once.parameters, once.bias_parameters)
    assert twice.macs == 2 * once.macs
    assert twice.modules.children[0].calls == 2
    assert twice.receptive_field == (5, 5)


def test_tied_weights_count_once() -> None:
    net = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    net[1].weight = net[0].weight
    assert profile(net, (1, 8)).parameters == 64


def test_frozen_parameters_are_not_trainable() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    net[0].requires_grad_(False)
    report = profile(net, (1, 4))
    assert (report.parameters, report.trainable) == (30, 10)


def test_control_flow_on_shapes_and_several_inputs_and_outputs() -> None:
    def forward(net: Net, x: Tensor, y: Tensor):  # type: ignore[no-untyped-def]
        x = net.wide(x) if x.shape[-1] > 4 else net.narrow(x)
        return {"sum": x + y, "both": [x, y]}

    net = Net(forward, wide=nn.Conv2d(3, 2, 5, padding=2), narrow=nn.Conv2d(3, 2, 1))
    large, small = profile(net, [(1, 3, 8, 8), (1, 2, 8, 8)]), profile(net, [(1, 3, 4, 4), (1, 2, 4, 4)])
    assert (large.macs, small.macs) == (75 * 2 * 64, 3 * 2 * 16)
    assert large.output_shapes == ((1, 2, 8, 8),) * 3
    assert (large.receptive_field, small.receptive_field) == ((5, 5), (1, 1))


def test_the_model_is_left_as_it_is() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    profile(net, 8)
    assert net.training
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not net[0]._forward_hooks
    assert not net[0]._forward_pre_hooks
    assert "forward" not in vars(net[0])


def test_a_model_that_reads_numbers_is_run_and_says_so() -> None:
    def branch(net: Net, x: Tensor) -> Tensor:
        return net.conv(x) if x.sum() < 1 else x

    report = profile(Net(branch, conv=nn.Conv2d(3, 2, 1)), 8)
    assert report.macs == 6 * 64
    (note,) = report.notes
    assert note.startswith("Traced on real tensors")
    assert report.receptive_field == (1, 1)


def test_a_constant_that_is_no_buffer_is_taken_along() -> None:
    net = Net(lambda net, x: x + net.table, conv=nn.Conv2d(1, 1, 1))
    net.table = torch.zeros(4, 4)
    assert profile(net, (1, 1, 4, 4)).notes == ()


def test_writes_through_views_are_seen() -> None:
    def forward(net: Net, x: Tensor) -> Tensor:
        out = x.clone()
        out[:, :2] = net.conv(x)
        out.add_(1).relu_()
        return out

    report = profile(Net(forward, conv=nn.Conv2d(4, 2, 5, padding=2)), (1, 4, 9, 9))
    assert report.receptive_field == (5, 5)


@pytest.mark.parametrize("size", [(1, 4, 32, 32), (1, 3, 2, 2)])
def test_a_size_that_does_not_fit_names_the_module_and_the_shapes(size: tuple[int, ...]) -> None:
    net = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()))
    with pytest.raises(InputError, match=r"'input_size' must be .* module '1.0' \(Conv2d\)") as caught:
        profile(net, size)
    assert str(size) in str(caught.value)


def test_the_module_inside_which_it_fails_is_the_innermost() -> None:
    def forward(net: Net, x: Tensor) -> Tensor:
        raise ValueError("no such day")

    with pytest.raises(InputError, match=r"module '0' \(Net\) failed .*no such day"):
        profile(nn.Sequential(Net(forward)), 8)


def test_lazy_parameters_are_refused() -> None:
    with pytest.raises(InputError, match="lazy parameters"):
        profile(nn.LazyConv2d(4, 3), 8)


@pytest.mark.parametrize("size", [0, -3, (), (1, 3, 0, 4), "224", [(1, 3), ()], None, 2.5])
def test_wrong_sizes(size) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="'input_size' must be"):
        profile(nn.Conv2d(3, 1, 1), size)


def test_wrong_models() -> None:
    with pytest.raises(InputError, match="'model' must be"):
        profile(torch.zeros(3), 8)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="Did you mean 'mobilenet_v1'"):
        profile("mobilenet_v11")
