"""Training steps and latency by backbone, against MobileNetV4-Conv-Small measured in turn with each.

A step is forward, backward and AdamW on 32 crops of 112 pixels; latency is that of onnxruntime for one such crop,
with normalisations folded. Each network and the reference alternate, so that both see the same load.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from common import arguments, finish, print_table, seconds, spread
from mien.train.export.fold import fold
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mien.runtime.session import open_session
from mien.train.backbones.registry import NETWORKS, create_backbone, create_classifier, find_network
from mien.train.export.exporter import write_onnx

THREADS = (1, 2)
REFERENCE = "mobilenet_v4_conv_small"
BATCH, SIZE = 32, 112
QUICK = (REFERENCE, "mobilenet_v1")


def training_step(name: str) -> Callable[[], object]:
    """One step of a network with fresh weights on noise: the time does not depend on what is in the crops."""
    torch.manual_seed(0)
    net = create_backbone(name).train()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-4)
    crops = torch.randn(BATCH, 3, SIZE, SIZE)

    def step() -> None:
        optimiser.zero_grad()
        net(crops).square().mean().backward()
        optimiser.step()

    return step


def inference(path: Path, threads: int) -> Callable[[], object]:
    """One run of an exported network on one crop."""
    session = open_session(path.read_bytes(), threads)
    crop = {"image": np.random.default_rng(0).standard_normal((1, 3, SIZE, SIZE)).astype(np.float32)}
    return lambda: session.run(None, crop)


def export(name: str, folder: Path) -> Path:
    """The backbone as it is delivered: normalisations folded, weights in half precision."""
    torch.manual_seed(0)
    net: nn.Module = create_backbone(name).eval()
    fold(net)
    path = folder / f"{name}.onnx"
    write_onnx(net, ["map"], SIZE, path)
    return path


def counts(name: str) -> dict[str, float]:
    """Parameters and multiply-adds in millions, of the paper's classifier at its size and of the backbone here."""
    size = find_network(name).size
    found = {"paper_size": size}
    for kind, make, side in (("paper", create_classifier, size), ("backbone", create_backbone, SIZE)):
        with torch.device("meta"):
            net = make(name).eval()
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                net(torch.zeros(1, 3, side, side))
        found[f"{kind}_parameters_m"] = sum(p.numel() for p in net.parameters()) / 1e6
        found[f"{kind}_macs_m"] = counter.get_total_flops() / 2e6
    return found


def in_turn(work: Callable[[], object], reference: Callable[[], object], repeats: int) -> dict[str, Any]:
    """Seconds of the work, and how much faster it is than the reference that ran just before it."""
    took, theirs = [], []
    for i in range(repeats + 1):
        theirs += seconds(reference, 1, warm_up=0)
        took += seconds(work, 1, warm_up=0)
        if i == 0:  # the first of each fills caches
            took, theirs = [], []
    return {"seconds": spread(took), "speed_to_reference": spread(t / w for t, w in zip(theirs, took, strict=True))}


def measure(name: str, threads: int, files: dict[str, Path], repeats: int) -> dict[str, Any]:
    """Training and latency of a network on this number of threads."""
    torch.set_num_threads(threads)
    training = in_turn(training_step(name), training_step(REFERENCE), repeats)
    latency = in_turn(inference(files[name], threads), inference(files[REFERENCE], threads), 10 * repeats)
    return {
        "images_per_second": BATCH / training["seconds"]["median"],
        "training_step": training,
        "latency_ms": 1000 * latency["seconds"]["median"],
        "latency": latency,
    }


def main() -> None:
    """Time each network at width 1 on each number of threads."""
    given = arguments(__doc__)
    names = QUICK if given.quick else tuple(NETWORKS)
    results: dict[str, Any] = {"counts": {name: counts(name) for name in names}}
    with TemporaryDirectory() as folder:
        files = {name: export(name, Path(folder)) for name in names}
        for threads in THREADS:
            results[f"threads_{threads}"] = {n: measure(n, threads, files, 2 if given.quick else 5) for n in names}
    for threads in THREADS:
        print_table([f"threads: {threads}", "images/s", "ratio", "one face, ms", "ratio"], rows(results, threads))
    ours = results[f"threads_{THREADS[-1]}"][REFERENCE]
    headlines = {
        f"training {REFERENCE} ({THREADS[-1]} threads)": f"{ours['images_per_second']:.0f} images/s",
        f"one face through {REFERENCE} ({THREADS[-1]} threads)": f"{ours['latency_ms']:.1f} ms",
    }
    setting = {"reference": REFERENCE, "batch": BATCH, "size": SIZE, "torch": torch.__version__}
    finish("backbones", given, {**setting, **results}, headlines, THREADS)


def rows(results: dict[str, Any], threads: int) -> list[tuple[object, ...]]:
    """A line of the table for each network."""
    return [
        (
            name,
            found["images_per_second"],
            found["training_step"]["speed_to_reference"]["median"],
            found["latency_ms"],
            found["latency"]["speed_to_reference"]["median"],
        )
        for name, found in results[f"threads_{threads}"].items()
    ]


if __name__ == "__main__":
    main()
