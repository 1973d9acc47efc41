"""The profiler beside other counting tools: what each counts of networks whose counts are known, and how long it takes.

Tools that are not installed are left out: pip install fvcore ptflops torchinfo thop calflops transformers
Processor seconds on one thread; the tools take turns, and each round is compared with FlopCounterMode on meta tensors
in the same round. Aims: ours takes at most 1.3 times as long on every backbone, and 0.5 s on inception_resnet_v2.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import statistics
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from common import arguments, finish, print_table, spread
from counting_cases import MICRO, Case, backbone, vision_transformer
from counting_peers import PEERS, TOOLS, absent, prepared
from rich.console import Console
from rich.table import Table

from mien.train.backbones.registry import NETWORKS

COMPARED = ("mobilenet_v3_large", "mobilenet_v4_conv_medium", "inception_v3")
QUICK = ("mobilenet_v1",)
LARGEST = "inception_resnet_v2"
AIMS = {"times FlopCounterMode": 1.3, f"{LARGEST}, s": 0.5}
NEAR = 0.01
"""A count within this share of the truth is right: some tools count normalisations or biases as well."""


CAPTION = """right: parameters exact, MACs within 1 %. Else: times the truth; P: the parameters.
Some tools count normalisations, biases or activations as MACs.
FlopCounterMode counts no parameters. Below: processor seconds, and how many times
those of FlopCounterMode on meta tensors."""


def counted(case: Case, name: str) -> dict[str, Any]:
    """What a tool counts, and whether it is right; an error of the tool is part of the comparison."""
    torch.manual_seed(0)
    try:
        parameters, macs = prepared(name, case.make(), torch.randn(case.shape))()
    except Exception as error:
        return {"verdict": "fails", "error": f"{type(error).__name__}: {error}"[:120]}
    good = abs(macs / case.macs - 1) <= NEAR and parameters in (None, case.parameters)
    return {"verdict": "right" if good else "wrong", "parameters": parameters, "macs": macs}


def took(case: Case, names: list[str], rounds: int) -> dict[str, Any]:
    """Processor seconds of each tool, and times those of FlopCounterMode in the same round; the first warms up."""
    torch.manual_seed(0)
    net, x = case.make(), torch.randn(case.shape)
    calls = {name: prepared(name, net, x) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            start = time.process_time()
            call()
            if turn:
                seconds[name].append(time.process_time() - start)
    theirs = seconds["FlopCounterMode"]
    return {
        name: {
            "seconds": spread(values),
            "times_flop_counter": statistics.median(v / t for v, t in zip(values, theirs, strict=True)),
        }
        for name, values in seconds.items()
    }


def cell(case: Case, found: dict[str, Any] | None) -> str:
    """right; or how many times the truth the MACs and (P) the parameters are; or fails."""
    if found is None:
        return "-"
    if found["verdict"] != "wrong":
        return "[green]right[/]" if found["verdict"] == "right" else f"[red]{found['verdict']}[/]"
    texts = [times(found["macs"] / case.macs)] if abs(found["macs"] / case.macs - 1) > NEAR else []
    if found["parameters"] not in (None, case.parameters):
        texts.append("P" + times(found["parameters"] / case.parameters))
    return f"[red]{' '.join(texts)}[/]"


def times(share: float) -> str:
    """Two digits, three near 1."""
    return f"{share:.3g}x" if 0.95 < share < 1.05 else f"{share:.2g}x"


def show(cases: list[Case], counts: dict[str, dict[str, Any]], seconds: dict[str, Any]) -> None:
    """The counts of all tools, and their times, in one table of 100 columns."""
    table = Table(box=None, padding=(0, 1, 0, 0), caption_justify="left", caption=CAPTION)
    table.add_column("network", max_width=24, no_wrap=True)
    for name in ("params", "MACs", *TOOLS):
        table.add_column(name.replace("FlopCounterMode", "Flop\nCounter"), justify="right", overflow="fold")
    for case in cases:
        known = counts[case.name]
        cells = (cell(case, known.get(tool)) for tool in TOOLS)
        table.add_row(case.name, short(case.parameters), short(case.macs), *cells)
    table.add_section()
    right = {tool: sum(known.get(tool, {}).get("verdict") == "right" for known in counts.values()) for tool in TOOLS}
    table.add_row("right, of", "", str(len(cases)), *(str(right[t]) if t not in absent() else "-" for t in TOOLS))
    table.add_section()
    for name, found in seconds.items():
        known = [found.get(tool) for tool in TOOLS]
        table.add_row(name, "", "s", *(f"{one['seconds']['median']:.2f}" if one else "-" for one in known))
        table.add_row("", "", "times", *(f"{one['times_flop_counter']:.1f}" if one else "-" for one in known))
    Console(width=100).print(table)


def short(number: int) -> str:
    """Three digits and a unit."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def versions() -> dict[str, str | None]:
    """Of the peers."""
    found: dict[str, str | None] = {"torch": torch.__version__}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def main() -> None:
    """Count and time everything."""
    given = arguments(__doc__)
    torch.set_num_threads(1)
    tools = [name for name in TOOLS if name not in absent()]
    if absent():
        print(f"not installed: {', '.join(absent())}")
    networks = [backbone(name) for name in (QUICK if given.quick else COMPARED)] + [vision_transformer()]
    cases = [*networks, *MICRO]
    counts = {case.name: {tool: counted(case, tool) for tool in tools} for case in cases}
    rounds = 2 if given.quick else 5
    seconds = {case.name: took(case, [t for t in tools if counts[case.name][t]["verdict"] != "fails"], rounds)
               for case in networks}  # fmt: skip
    show(cases, counts, seconds)
    names = QUICK if given.quick else tuple(NETWORKS)
    ours = {name: took(backbone(name), ["FlopCounterMode", "mien"], 3 * rounds)["mien"] for name in names}
    rows = [(name, found["seconds"]["median"], found["times_flop_counter"]) for name, found in ours.items()]
    print_table(["backbone", "mien, s", "times FlopCounterMode"], rows)
    worst = max(found["times_flop_counter"] for found in ours.values())
    largest = ours.get(LARGEST, next(iter(ours.values())))["seconds"]["median"]
    print(f"aims: {worst:.2f} times FlopCounterMode at most (1.3), {LARGEST} {largest:.2f} s (0.5)")
    right = {tool: sum(known[tool]["verdict"] == "right" for known in counts.values()) for tool in tools}
    headlines = {
        "profiler: networks and micro-tests counted right": f"{right['mien']} of {len(cases)}",
        "profiler: time, times FlopCounterMode, worst backbone": f"{worst:.2f}",
    }
    truth = {case.name: {"parameters": case.parameters, "macs": case.macs, "shape": case.shape} for case in cases}
    finish("profile", given, {"truth": truth, "counts": counts, "right": right, "seconds": seconds, "backbones": ours,
                              "aims": AIMS, "worst": worst, "versions": versions()}, headlines, (1,))  # fmt: skip


if __name__ == "__main__":
    main()
