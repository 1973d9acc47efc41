"""Counting tools under one form: (network, input) -> (parameters, multiply-accumulates)."""

import io
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mien.profile import profile

Counts = tuple[int | None, int]
"""Parameters, None for a tool that does not count them, and MACs."""
Tool = Callable[[nn.Module, Tensor], Counts]


def mien(net: nn.Module, x: Tensor) -> Counts:
    """Ours, which runs nothing."""
    report = profile(net, tuple(x.shape))
    return report.parameters, report.macs


def flop_counter(net: nn.Module, x: Tensor) -> Counts:
    """torch's own, on a network that is on the meta device."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(x)
    return None, counter.get_total_flops() // 2


def fvcore(net: nn.Module, x: Tensor) -> Counts:
    """Facebook's, from a graph of torch.jit."""
    from fvcore.nn import FlopCountAnalysis, parameter_count

    found = FlopCountAnalysis(net, x).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return parameter_count(net)[""], int(found.total())


def ptflops(net: nn.Module, x: Tensor) -> Counts:
    """Hooks on modules, and functions that are replaced for a time."""
    from ptflops import get_model_complexity_info

    shape = tuple(x.shape[1:])
    macs, parameters = get_model_complexity_info(net, shape, print_per_layer_stat=False, as_strings=False)
    return parameters, int(macs)


def torchinfo(net: nn.Module, x: Tensor) -> Counts:
    """Hooks on modules."""
    from torchinfo import summary

    found = summary(net, input_data=x, verbose=0)
    return found.total_params, found.total_mult_adds


def thop(net: nn.Module, x: Tensor) -> Counts:
    """Hooks on modules."""
    from thop import profile as count

    macs, parameters = count(net, inputs=(x,), verbose=False)
    return int(parameters), int(macs)


def calflops(net: nn.Module, x: Tensor) -> Counts:
    """Functions that are replaced for a time, as DeepSpeed does."""
    from calflops import calculate_flops

    _, macs, parameters = calculate_flops(
        net, args=[x], print_results=False, print_detailed=False, output_as_string=False
    )
    return int(parameters), int(macs)


PEERS: dict[str, Tool] = {
    "fvcore": fvcore, "ptflops": ptflops, "torchinfo": torchinfo, "thop": thop, "calflops": calflops,
}  # fmt: skip
TOOLS: dict[str, Tool] = {"mien": mien, "FlopCounterMode": flop_counter, **PEERS}


def absent() -> list[str]:
    """Peers that are not installed."""
    return [name for name in PEERS if find_spec(name) is None]


def prepared(name: str, net: nn.Module, x: Tensor) -> Callable[[], Counts]:
    """One call of a tool on its own copy of the network, so that none sees what another left in it; told nothing."""
    tool = TOOLS[name]
    copy, given = deepcopy(net), x
    if name == "FlopCounterMode":
        copy, given = copy.to("meta"), x.to("meta")

    def call() -> Counts:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tool(copy, given)

    return call
