"""A start from an exported network: it gives what that one gives, in use and in training, and goes on to learn."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs mien[train]")
pytest.importorskip("onnxscript", reason="the export needs mien[train]")

import torch

from mien.errors import InputError
from mien.train.export.exporter import write_onnx
from mien.train.fold import fold
from mien.train.model import EMBEDDING, EmbeddingModel, FaceModel, MeanModel, round_to_half
from mien.train.tasks import create_task
from mien.train.warm_start import read_weights, warm_start

SIDE = 48


def build(seed: int, width: float = 0.25) -> FaceModel:
    torch.manual_seed(seed)
    return FaceModel(create_task("age"), "mobilenet_v2", width, SIDE)


def images(count: int = 64, seed: int = 9) -> torch.Tensor:
    return torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FaceModel]:
    """The file of a network whose norms have seen data, and that network, folded."""
    model = build(0).train()
    with torch.no_grad():
        for _ in range(20):
            model(images())
        model.heads["age"].bias.fill_(0.1)
    model.eval()
    fold(model)
    round_to_half(model)
    path = tmp_path_factory.mktemp("warm") / "age.onnx"
    write_onnx(model, ["age"], SIDE, path)
    return path, model


@pytest.mark.parametrize("training", [False, True])
def test_the_start_gives_what_the_exported_network_gives(exported: tuple[Path, FaceModel], training: bool) -> None:
    path, folded = exported
    model = build(1).train(training)
    assert warm_start(model, read_weights(path), images()) == []
    assert model.training == training
    with torch.no_grad():
        expected, found = folded(images())[0], model(images())[0]
    assert expected.std() > 1e-4
    torch.testing.assert_close(found, expected, atol=1e-3 * float(expected.abs().max()), rtol=0)


@pytest.mark.slow
def test_of_several_networks_in_a_file_the_first_is_taken(exported: tuple[Path, FaceModel], tmp_path: Path) -> None:
    alone, folded = exported
    other = build(2).eval()
    fold(other)
    both = EmbeddingModel(MeanModel([folded, other]), torch.eye(4, 2 * EMBEDDING), torch.zeros(4)).eval()
    path = tmp_path / "both.onnx"
    write_onnx(both, ["age", "embedding"], SIDE, path)
    found, expected = read_weights(path), read_weights(alone)
    assert set(expected) <= set(found)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_it_learns_on(exported: tuple[Path, FaceModel]) -> None:
    model = build(1).train()
    warm_start(model, read_weights(exported[0]), images())
    model(images())[0].square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_layers_that_do_not_fit_are_named_and_start_afresh(exported: tuple[Path, FaceModel]) -> None:
    torch.manual_seed(1)
    model = FaceModel(create_task("landmarks"), "mobilenet_v2", 0.25, SIDE)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    missing = warm_start(model, read_weights(exported[0]), images())
    assert {"heads.landmarks", "heads.pose"} <= set(missing)
    assert not [name for name in missing if name.startswith("backbone.")]
    assert torch.equal(model.state_dict()["heads.pose.weight"], before["heads.pose.weight"])


def test_what_is_no_exported_network_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(InputError, match="'init' must be an ONNX file"):
        read_weights(broken)
