"""Products of every kind by formula; what no rule knows is named, never a silent zero."""

import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")

import numpy as np
import torch
from torch import Tensor, nn
from torch.ao import quantization
from torch.nn.attention.flex_attention import flex_attention

from mien.errors import InputError
from mien.profile import profile

pytestmark = pytest.mark.filterwarnings("ignore::Warning")
"""Of torch, about scripts, quantization and layouts that it gives up or tries out."""
NET = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1))
MACS = (27 * 8 + 72 * 8) * 64


class Of(nn.Module):
    """A function of the inputs and of buffers."""

    def __init__(self, function, **buffers: Tensor) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.function = function
        for name, value in buffers.items():
            self.register_buffer(name, value)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(self, *inputs)


def test_within_inference_mode_nothing_changes() -> None:
    outside = profile(NET, (1, 3, 8, 8))
    layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    attended = profile(layer, (1, 10, 64)).macs
    with torch.inference_mode():
        inside = profile(NET, (1, 3, 8, 8))
        born = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
        assert profile(born, (1, 3, 8, 8)).macs == 27 * 8 * 36
        assert profile(layer, (1, 10, 64)).macs == attended
    assert inside.macs == outside.macs == MACS
    assert inside.receptive == outside.receptive
    assert profile(born, (1, 3, 8, 8)).macs == 27 * 8 * 36


@pytest.mark.parametrize(
    "compiled", [lambda: torch.jit.trace(NET, torch.zeros(1, 3, 8, 8)), lambda: torch.jit.script(NET)]
)
def test_scripted_modules(compiled) -> None:  # type: ignore[no-untyped-def]
    report = profile(compiled(), (1, 3, 8, 8))
    assert (report.macs, report.parameters, report.receptive_field, report.uncounted) == (MACS, 808, (5, 5), {})


KINDS = {
    "mv": (lambda _, a, b: torch.mv(a, b), [(3, 4), (4,)], 12),
    "dot": (lambda _, a, b: torch.dot(a, b), [(4,), (4,)], 4),
    "addmv": (lambda _, c, a, b: torch.addmv(c, a, b), [(3,), (3, 4), (4,)], 12),
    "addbmm": (lambda _, c, a, b: torch.addbmm(c, a, b), [(3, 5), (2, 3, 4), (2, 4, 5)], 120),
    "addr": (lambda _, c, a, b: torch.addr(c, a, b), [(3, 5), (3,), (5,)], 15),
    "tensordot": (lambda _, a, b: torch.tensordot(a, b, 1), [(3, 4), (4, 5)], 60),
    "flex attention": (lambda _, x: flex_attention(x, x, x), [(1, 2, 16, 8)], 2 * 2 * 16 * 16 * 8),
}


@pytest.mark.parametrize("kind", KINDS)
def test_products_by_formula(kind: str) -> None:
    function, shapes, macs = KINDS[kind]
    report = profile(Of(function), shapes)
    assert (report.macs, report.uncounted) == (macs, {})


def test_a_bilinear_layer_sums_over_its_weight() -> None:
    report = profile(nn.Bilinear(3, 4, 5), [(2, 3), (2, 4)])
    assert (report.macs, report.uncounted) == (2 * 5 * 3 * 4, {})


def test_sparse_matrices_count_the_entries_that_they_keep() -> None:
    for layout in (torch.eye(6).to_sparse(), torch.eye(6).to_sparse_csr()):
        report = profile(Of(lambda net, x: torch.sparse.mm(net.a, x), a=layout), (6, 3))
        assert report.macs == 6 * 3


def test_whole_numbers_and_groups() -> None:
    whole = Of(lambda net, x: torch._int_mm(x.to(torch.int8), net.a), a=torch.zeros(32, 16, dtype=torch.int8))
    assert profile(whole, (32, 32)).macs == 32 * 32 * 16

    def experts(net: Of, x: Tensor) -> Tensor:
        ends = torch.tensor([8, 16], dtype=torch.int32, device=x.device)
        return torch._grouped_mm(x.bfloat16(), net.a, offs=ends)

    assert profile(Of(experts, a=torch.zeros(2, 16, 24, dtype=torch.bfloat16)), (16, 16)).macs == 16 * 16 * 24


def test_quantized_modules_have_their_products_and_their_weights() -> None:
    plain = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    dynamic = profile(quantization.quantize_dynamic(plain, {nn.Linear}), (1, 8))
    assert (dynamic.macs, dynamic.parameters, dynamic.uncounted) == (8 * 16 + 16 * 4, 212, {})
    lstm = quantization.quantize_dynamic(nn.Sequential(nn.LSTM(8, 16, 2, bidirectional=True)), {nn.LSTM})
    whole = nn.LSTM(8, 16, 2, bidirectional=True)
    assert profile(lstm, (5, 1, 8)).macs == profile(whole, (5, 1, 8)).macs == 5 * 2 * 64 * (8 + 16 + 32 + 16)


def test_what_no_rule_counts_is_named() -> None:
    report = profile(Of(lambda _, x: torch.linalg.inv(x)), (3, 3))
    assert report.uncounted == {"linalg_inv_ex": 1}
    assert report.to_dict()["uncounted"] == {"linalg_inv_ex": 1}
    assert "without linalg_inv_ex" in str(report)
    assert "No rule counts the products of linalg_inv_ex (1 call)" in report.notes[-1]
    assert profile(NET, 8).uncounted == {}


def test_an_operator_of_another_library_is_never_one_of_atens() -> None:
    with torch.library._scoped_library("mien_test", "DEF") as library:
        library.define("relu(Tensor x) -> Tensor")
        library.impl("relu", lambda x: x @ x, "CompositeExplicitAutograd")
        report = profile(Of(lambda _, x: torch.ops.mien_test.relu(x)), (4, 4))
    assert report.uncounted == {"mien_test::relu": 1}


def test_sizes_of_numpy_and_one_input() -> None:
    assert profile(NET, np.int64(8)).macs == MACS
    assert profile(NET, (np.int32(1), np.int64(3), 8, 8)).macs == profile(NET, np.array([1, 3, 8, 8])).macs == MACS
    assert profile(NET, inputs=torch.zeros(1, 3, 8, 8)).macs == MACS
    with pytest.raises(InputError, match="'inputs' must be a tensor or a list"):
        profile(NET, inputs="x")


def test_a_model_that_cannot_run_here_is_not_the_fault_of_a_size() -> None:
    def forward(_: Of, x: Tensor) -> Tensor:
        raise NotImplementedError("no kernel")

    with pytest.raises(InputError, match=r"'model' must be one that runs here .* no kernel"):
        profile(Of(forward), 8)
