"""Export: folding changes nothing, the file is half as large and gives what torch gives, tampering is noticed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="export needs mien[train]")
pytest.importorskip("lightning")
pytest.importorskip("pyarrow")
pytest.importorskip("onnx")

import onnx
import torch
from torch import nn

import mien
from mien.errors import InputError, ModelError
from mien.evaluate.evaluator import evaluate_file
from mien.runtime.models import Model
from mien.runtime.session import open_session
from mien.tasks.registry import TASKS
from mien.train.export import exporter as export
from mien.train.export.exporter import check_parity, export_int8, export_run, read_run, trained_model, write_onnx
from mien.train.fold import fold
from mien.train.model import FaceModel, round_to_half
from mien.train.tasks import create_task

SIZE = 48


def random_model(task: str = "landmarks") -> FaceModel:
    """A network in use whose norms have seen data and whose heads say something."""
    torch.manual_seed(0)
    model = FaceModel(create_task(task), "mobilenet_v4_conv_small", 0.25, SIZE, 0.1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
        for head in model.heads.values():
            head.weight.normal_(0, 0.3)
            head.bias.normal_(0, 0.3)
    return model.eval()


def crops(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[FaceModel, Path]:
    """A folded network in half precision and its file."""
    model, path = random_model(), tmp_path_factory.mktemp("onnx") / "random.onnx"
    fold(model)
    round_to_half(model)
    write_onnx(model, list(model.heads), SIZE, path)
    return model, path


@pytest.mark.parametrize("task", TASKS)
def test_folding_changes_no_output_and_leaves_no_norm(task: str) -> None:
    model, pictures = random_model(task), torch.randn(3, 3, SIZE, SIZE)
    with torch.no_grad():
        before = model(pictures)
        fold(model)
        after = model(pictures)
    for a, b in zip(before, after, strict=True):
        assert a.abs().max() > 0.1
        assert (a - b).abs().max() < 1e-5 * max(1, a.abs().max())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
    names = list(model.state_dict())
    fold(model)
    assert list(model.state_dict()) == names


@pytest.mark.parametrize("count", [1, 5])
def test_onnxruntime_gives_what_torch_gives_at_any_batch_size(written: tuple[FaceModel, Path], count: int) -> None:
    assert check_parity(*written, crops(count)) < 1e-4
    outputs = open_session(written[1].read_bytes(), 1).run(
        None, {"image": np.zeros((count, 3, SIZE, SIZE), np.float32)}
    )
    assert [out.shape for out in outputs] == [(count, 136), (count, 3)]


def test_outputs_are_named(written: tuple[FaceModel, Path]) -> None:
    session = open_session(written[1].read_bytes(), 1)
    assert [out.name for out in session.get_outputs()] == ["landmarks", "pose"]
    assert [(entry.name, entry.shape[1:]) for entry in session.get_inputs()] == [("image", [3, SIZE, SIZE])]


def test_half_precision_halves_the_file(written: tuple[FaceModel, Path]) -> None:
    graph = onnx.load(written[1]).graph
    kinds = {np.float32: 0, np.float16: 0}
    for weight in graph.initializer:
        array = onnx.numpy_helper.to_array(weight)
        if array.dtype.type in kinds:
            kinds[array.dtype.type] += array.nbytes
    assert kinds[np.float16] > 50 * kinds[np.float32]
    size = written[1].stat().st_size
    assert size < 0.6 * (size + kinds[np.float16])  # the graph of a network this small weighs something too


def test_the_file_says_nothing_of_the_machine_that_wrote_it(written: tuple[FaceModel, Path]) -> None:
    text = written[1].read_bytes()
    for path in (Path(mien.__file__).parent, Path(torch.__file__).parent):
        assert str(path).encode() not in text
    assert b".py" not in text


def tampered(path: Path, change: Callable[[np.ndarray], np.ndarray], folder: Path) -> Path:
    """A copy of the file with the bias of the landmarks head changed."""
    model = onnx.load(path)
    (weight,) = [w for w in model.graph.initializer if w.name.startswith("heads.landmarks.bias")]
    weight.CopyFrom(onnx.numpy_helper.from_array(change(onnx.numpy_helper.to_array(weight)), weight.name))
    onnx.save(model, folder / "tampered.onnx")
    return folder / "tampered.onnx"


@pytest.mark.parametrize("change", [lambda bias: bias + bias.dtype.type(0.01), lambda bias: bias * np.float16("nan")])
def test_tampering_is_noticed(written: tuple[FaceModel, Path], tmp_path: Path, change: Any) -> None:
    model, path = written
    same = tampered(path, lambda bias: bias, tmp_path)
    assert check_parity(model, same, crops(2)) < 1e-4
    with pytest.raises(ModelError, match="must give what torch gives"):
        check_parity(model, tampered(path, change, tmp_path), crops(2))


def test_a_network_that_broke_in_training_is_not_exported(written: tuple[FaceModel, Path]) -> None:
    class Broken(nn.Module):
        def forward(self, image: Any) -> Any:
            return tuple(out * float("nan") for out in written[0](image))

    with pytest.raises(ModelError, match="nan"):
        check_parity(Broken(), written[1], crops(2))


def test_an_exported_run_is_a_model_with_its_card(exported: Path, trained: Path, tiny: Any) -> None:
    assert sorted(path.name for path in exported.parent.iterdir() if path.is_file()) == ["tiny.json", "tiny.onnx"]
    model = Model(exported)
    assert model.card.values["sha256"] == hashlib.sha256(exported.read_bytes()).hexdigest()
    outputs = model(crops(3))
    network = trained_model(read_run(trained), trained)
    fold(network)
    round_to_half(network)
    blob = (torch.from_numpy(crops(3)).permute(0, 3, 1, 2) - model.card.mean) / model.card.std
    with torch.no_grad():
        for name, expected in zip(("landmarks", "pose"), network(blob), strict=True):
            assert outputs[name] == pytest.approx(expected.numpy(), abs=1e-4)


def test_a_failed_check_leaves_nothing_behind(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> float:
        raise ModelError("different")

    monkeypatch.setattr(export, "check_parity", fail)
    monkeypatch.setattr(export, "write_onnx", lambda model, names, size, path: path.write_bytes(b""))
    with pytest.raises(ModelError, match="different"):
        export_run(trained, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_no_run_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recipe\.json"):
        read_run(tmp_path)
    (tmp_path / "recipe.json").write_text("{}")
    with pytest.raises(InputError, match=r"recipe\.json"):
        read_run(tmp_path)
    (tmp_path / "recipe.json").write_bytes((trained / "recipe.json").read_bytes())
    with pytest.raises(InputError, match=r"weights\.pt: the run has not ended"):
        trained_model(read_run(tmp_path), tmp_path)
    assert read_run(trained).name == json.loads((trained / "recipe.json").read_text())["name"]


def test_a_trained_model_is_ready_to_be_used(trained: Path) -> None:
    model = trained_model(read_run(trained), trained)
    assert not any(module.training for module in model.modules())
    stored = torch.load(trained / "weights.pt", weights_only=True)
    assert all(torch.equal(value, stored[name]) for name, value in model.state_dict().items())


class Means(nn.Module):
    """The mean of each channel, and the same a thousand times as large with a relative error of its own."""

    def __init__(self, error: float) -> None:
        super().__init__()
        self.error = error

    def forward(self, image: Any) -> Any:
        mean = image.mean((2, 3))
        return 1000 * mean * (1 + self.error), mean


def test_large_outputs_are_compared_by_their_size(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    write_onnx(Means(0), ["large", "small"], SIZE, path)
    assert check_parity(Means(5e-5), path, crops(2)) == pytest.approx(5e-5, abs=1e-5)
    with pytest.raises(ModelError, match="must give what torch gives"):
        check_parity(Means(3e-4), path, crops(2))


def test_a_folder_that_cannot_be_written_is_said_before_any_work(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*args: Any) -> None:
        raise AssertionError("the data were loaded first")

    monkeypatch.setattr(export, "load_sets", late)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="'out' must be a folder"):
        export_run(trained, tmp_path / "file")


def altered(trained: Path, folder: Path, **changes: Any) -> Path:
    """A copy of the run whose heads say something else, its recipe changed."""
    folder.mkdir()
    for name in ("recipe.json", "environment.json"):
        (folder / name).write_bytes((trained / name).read_bytes())
    recipe = json.loads((folder / "recipe.json").read_text())
    (folder / "recipe.json").write_text(json.dumps(recipe | {"name": "other"} | changes))
    weights = torch.load(trained / "weights.pt", weights_only=True)
    weights["heads.landmarks.bias"] = weights["heads.landmarks.bias"] + 0.02
    torch.save(weights, folder / "weights.pt")
    return folder


@pytest.mark.slow
def test_several_runs_become_one_file_with_the_mean_of_their_outputs(
    trained: Path, exported: Path, tmp_path: Path
) -> None:
    path = export_run(trained, tmp_path / "out", [altered(trained, tmp_path / "other", dropout=0.3)])
    both, alone = Model(path), Model(exported)
    assert both.card.name == "tiny"
    assert [member["recipe"]["name"] for member in both.card.values["members"]] == ["tiny", "other"]
    expected = alone(crops(3))["landmarks"] + 0.01
    assert both(crops(3))["landmarks"] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("change", [{"task_options": {"points": 3}}, {"crop": {"kind": "square", "size": 64}}])
def test_networks_that_cannot_be_averaged_are_refused(trained: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"'{next(iter(change))}' must be the same in all runs"):
        export_run(trained, tmp_path / "out", [altered(trained, tmp_path / "other", **change)])


@pytest.mark.slow
def test_int8_is_a_model_with_a_card_of_its_own(trained: Path, exported: Path, tiny: Any, tmp_path: Path) -> None:
    path, comparison = export_int8(trained, tmp_path)
    names = ["tiny.int8.json", "tiny.int8.onnx", "tiny.json", "tiny.onnx"]
    assert sorted(each.name for each in tmp_path.iterdir()) == names
    exact, small = Model(tmp_path / "tiny.onnx"), Model(path)
    assert exact.card.values["precision"] == "fp32"
    assert (small.card.name, small.card.values["precision"]) == ("tiny.int8", "int8")
    told = small.card.values["quantisation"]
    assert told == json.loads(json.dumps(comparison.to_dict()))
    assert told["validation_faces"] == 6
    assert told["calibration_faces"] == 14
    assert set(told["measures"]) == {"error", "error_median", "yaw", "pitch", "roll"}
    assert comparison.size_bytes == ((tmp_path / "tiny.onnx").stat().st_size, path.stat().st_size)
    report = evaluate_file(path, tiny.folder / "faces.parquet", ["test"])
    assert small.card.values["metrics"] == [json.loads(json.dumps(report.to_dict()))]
    before, after = exact(crops(4)), small(crops(4))
    for name, value in before.items():
        assert not np.array_equal(value, after[name])
    assert str(tmp_path) not in path.with_suffix(".json").read_text(encoding="utf-8")
