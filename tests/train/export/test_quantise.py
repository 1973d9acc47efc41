"""Quantisation: the 8 bit network is near the float one, and smaller; verdicts say what was measured."""

import json
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="quantisation needs mien[train]")
pytest.importorskip("onnx")
pytest.importorskip("lightning")

import onnx
import torch
from torch import Tensor, nn

from mien.runtime.session import open_session
from mien.train.export import quantise as module
from mien.train.export.exporter import write_onnx
from mien.train.export.quantise import (
    BOUND,
    Comparison,
    Method,
    end_layers,
    main_measures,
    quantise,
    time_both,
    to_blob,
)
from mien.train.tasks import create_task

SIZE = 48
METHOD = Method("min-max", ("first",), 8, 0.02)
COMPARED = Comparison(METHOD, 20, {"mae": (5.0, 5.05)}, {"mae": "min"}, (100, 40), {1: (2.0, 1.0)}, 1)


def crops(count: int, seed: int = 0) -> np.ndarray:
    """Smooth coloured pictures, as different from each other as faces are and more."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (count, 4, 4, 3)).astype(np.float32)
    large = [cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) for picture in coarse]
    return np.clip(large, 0, 255).astype(np.uint8)


class Small(nn.Module):
    """Two heads on a few convolutions, whose random weights let outputs follow the picture."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 32)
        layers = [[nn.Conv2d(a, b, 3, 2), nn.ReLU()] for a, b in pairwise(widths)]
        self.body = nn.Sequential(*(part for layer in layers for part in layer), nn.Flatten(), nn.Linear(32 * 25, 64))
        self.heads = nn.ModuleDict({"landmarks": nn.Linear(64, 136), "pose": nn.Linear(64, 3)})

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        embedding = self.body(x).relu()
        return tuple(head(embedding) for head in self.heads.values())


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The float32 file of a network."""
    torch.manual_seed(0)
    model = Small().eval()
    path = tmp_path_factory.mktemp("float") / "random.onnx"
    write_onnx(model, list(model.heads), SIZE, path, half=False)
    return path


@pytest.fixture(scope="module")
def quantised(network: Path) -> tuple[Path, Method]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = network.with_name("random.int8.onnx")
        return path, quantise(network, path, crops(40), crops(24, 1))


def run(path: Path, count: int, seed: int) -> list[np.ndarray]:
    return open_session(path.read_bytes(), 1).run(None, {"image": to_blob(crops(count, seed))})


def test_the_8_bit_network_is_near_the_float_one_on_new_crops(network: Path, quantised: tuple[Path, Method]) -> None:
    path, method = quantised
    for expected, found in zip(run(network, 5, 2), run(path, 5, 2), strict=True):
        assert found.shape == expected.shape
        error = np.sqrt(((expected - found) ** 2).mean() / expected.var(0).mean())
        assert 0 < error < 0.1
        assert not np.array_equal(expected, found)
    assert 0 < method.distance < 0.1
    assert method.calibration_faces == 40


def test_weights_are_8_bit_and_the_file_is_smaller(network: Path, quantised: tuple[Path, Method]) -> None:
    kinds = {np.dtype(np.int8): 0, np.dtype(np.float32): 0}
    for weight in onnx.load(quantised[0]).graph.initializer:
        array = onnx.numpy_helper.to_array(weight)
        if array.dtype in kinds:
            kinds[array.dtype] += array.size
        if array.dtype == np.int8 and array.ndim > 1:
            assert np.abs(array.astype(int)).max() <= 64  # 7 bits: two products with 255 fit 16 bits
    assert kinds[np.dtype(np.int8)] > kinds[np.dtype(np.float32)]
    assert quantised[0].stat().st_size < network.stat().st_size


def test_only_the_result_is_left_and_nothing_names_the_machine(network: Path, quantised: tuple[Path, Method]) -> None:
    assert sorted(path.name for path in network.parent.iterdir()) == ["random.int8.onnx", "random.onnx"]
    text = quantised[0].read_bytes()
    for path in (Path(module.__file__).parent, network.parent):
        assert str(path).encode() not in text


def test_float_layers_are_the_first_and_those_that_give_outputs(network: Path) -> None:
    model = onnx.load(network)
    first, *last = end_layers(model)
    nodes = {node.name: node for node in model.graph.node}
    assert "image" in nodes[first].input
    assert {nodes[name].output[0] for name in last} == {"landmarks", "pose"}


@pytest.mark.parametrize(("distances", "chosen"), [((0.5, 0.46, 0.2, 0.19), 2), ((0.1, 0.5, 0.5, 0.5), 0)])
def test_a_later_way_must_be_clearly_nearer(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, distances: tuple[float, ...], chosen: int
) -> None:
    left = iter(distances)
    monkeypatch.setattr(module, "_quantise", lambda source, target, *how: target.write_text(repr(how[1:])))
    monkeypatch.setattr(module, "_outputs", lambda path, crops: [])
    monkeypatch.setattr(module, "_distance", lambda expected, found: next(left))
    method = quantise(network, tmp_path / "q.onnx", crops(2), crops(2))
    ways = [(name, layers) for name, *_ in module._METHODS for layers in ((), end_layers(onnx.load(network)))]
    assert (method.name, method.float_layers) == ways[chosen]
    assert method.distance == distances[chosen]


def test_calibration_reads_few_crops_at_a_time() -> None:
    reader = module._Crops(crops(40))
    assert len(reader) == 3
    reader.set_range(2, 3)
    assert reader.get_next()["image"].shape == (8, 3, SIZE, SIZE)
    assert reader.get_next() is None


def test_verdicts() -> None:
    assert COMPARED.losses == pytest.approx({"mae": 0.01})
    assert "takes 0.50 of the time and loses 1.0% of mae, within the bound" in COMPARED.verdict
    slow = replace(COMPARED, milliseconds={1: (2.0, 1.0), 16: (1.0, 1.1)})
    assert "is not faster here (1.10 of the time)" in slow.verdict
    assert "Keep the float model." in slow.verdict
    worse = replace(COMPARED, measures={"mae": (5.0, 5.0 * (1 + 2 * BOUND))})
    assert "MORE than the bound" in worse.verdict
    better = replace(COMPARED, measures={"auc": (0.8, 0.81)}, main={"auc": "max"})
    assert "loses nothing of auc" in better.verdict
    assert better.losses["auc"] < 0
    for measures in ({}, {"mae": (float("nan"), 1.0)}):
        assert "could not be measured" in replace(COMPARED, measures=measures).verdict


def test_of_several_tasks_the_largest_loss_counts() -> None:
    task = create_task("age+attractiveness")
    assert main_measures(task) == {"age_mae": "min", "attractiveness_plcc": "max"}
    both = {"age_mae": (5.0, 5.0), "attractiveness_plcc": (0.8, 0.6)}
    found = replace(COMPARED, measures=both, main=main_measures(task))
    assert found.losses == pytest.approx({"age_mae": 0, "attractiveness_plcc": 0.25})
    assert "25.0% of attractiveness_plcc" in found.verdict


def test_a_card_holds_both_side_by_side_and_null_for_what_is_undefined() -> None:
    values = replace(COMPARED, measures={"mae": (5.0, float("nan"))}).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == {
        "method": "min-max", "float_layers": ["first"], "calibration_faces": 8, "distance": 0.02,
        "validation_faces": 20, "measures": {"mae": {"fp32": 5.0, "int8": None}}, "bytes": {"fp32": 100, "int8": 40},
        "milliseconds_a_face": {"1 at a time": {"fp32": 2.0, "int8": 1.0}}, "threads": 1, "verdict": values["verdict"],
    }  # fmt: skip


def test_a_network_takes_as_long_as_itself(network: Path) -> None:
    before, after = time_both((network, network), crops(3), batch=4, rounds=30)
    assert before > 0
    assert after / before == pytest.approx(1, abs=0.5)
