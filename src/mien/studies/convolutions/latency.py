"""Time of one picture on one thread, by onnxruntime and by torch, in multiples of a network that runs in turns."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mien.files import progress_bar
from mien.profile.effective import settle
from mien.runtime.session import open_session
from mien.studies.core.finding import Measured
from mien.studies.core.networks import generator
from mien.train.backbones.registry import create_classifier, find_network
from mien.train.export.exporter import write_onnx
from mien.train.fold import fold

ENGINES = ("onnxruntime", "torch")
BASE = "mobilenet_v2"
Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timed:
    """One entry a seed: median milliseconds of a pass, median of its ratio to the pass of the base before it."""

    milliseconds: Measured
    ratio: Measured


Times = Mapping[tuple[str, str], Timed]
"""Network and engine -> its time."""


def ready(name: str) -> nn.Module:
    """A network in use: its norms hold what their inputs have, and are folded away.

    Without that, values of fresh weights shrink from layer to layer until they are denormal numbers, and then a pass
    takes many times as long.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = create_classifier(name)
    side = find_network(name).size
    settle(model, torch.randn(2, 3, side, side, generator=generator(1)))
    fold(model)
    return model.requires_grad_(False)


def runs(name: str) -> dict[str, Run]:
    """A pass by each engine over the same picture at the input of the paper."""
    model, side = ready(name), find_network(name).size
    image = torch.randn(1, 3, side, side, generator=generator(2))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        write_onnx(model, ["logits"], side, path, half=False)
        session = open_session(path.read_bytes(), 1)
    blob = {"image": image.numpy()}
    return {"onnxruntime": lambda: session.run(None, blob)[0], "torch": lambda: model(image)}


def time_all(names: Sequence[str], seeds: Sequence[int], rounds: int) -> Times:
    """Each network in turns with the base, anew for each seed."""
    base, times = runs(BASE), {}
    with progress_bar("latency", len(names) * len(seeds)) as advance:
        for name in names:
            candidate = base if name == BASE else runs(name)
            pairs: dict[str, list[tuple[float, float]]] = {engine: [] for engine in ENGINES}
            for _ in seeds:
                for engine in ENGINES:
                    pairs[engine].append(time_in_turns(base[engine], candidate[engine], rounds))
                advance()
            for engine, values in pairs.items():
                milliseconds, ratios = zip(*values, strict=True)
                times[name, engine] = Timed(Measured(milliseconds), Measured(ratios))
    return times


def time_in_turns(base: Run, other: Run, rounds: int) -> tuple[float, float]:
    """Both in turns, each once to warm up and once timed: median milliseconds of the other, median of its ratio.

    >>> milliseconds, ratio = time_in_turns(lambda: time.sleep(0.002), lambda: time.sleep(0.02), 3)
    >>> milliseconds >= 20, ratio > 1
    (True, True)
    """
    with torch.inference_mode():
        times = np.array([[_seconds(base), _seconds(other)] for _ in range(rounds)])
    return 1e3 * float(np.median(times[:, 1])), float(np.median(times[:, 1] / times[:, 0]))


def _seconds(run: Run) -> float:
    run()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
