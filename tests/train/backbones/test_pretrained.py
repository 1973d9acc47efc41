"""A backbone with the body of a shipped model gives that model's maps; what does not fit is refused."""

from typing import Any

import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")
pytest.importorskip("onnx", reason="weights are read from ONNX files")

import onnx
import torch
from onnx import helper
from torch import Tensor

from mien.errors import InputError
from mien.ort import onnxruntime
from mien.runtime.models import find_model
from mien.train.backbones import create_backbone, list_backbones
from mien.train.backbones.registry import NETWORKS

NAME, WIDTH = "mobilenet_v4_conv_small", 0.75


def crops(count: int = 8, seed: int = 0) -> Tensor:
    return torch.randn(count, 3, 112, 112, generator=torch.Generator().manual_seed(seed))


def exported_map(model: str, images: Tensor) -> Tensor:
    """The last map of an exported network, of the first body in it: what its embedding reads."""
    network = onnx.load(find_model(model))
    reader = next(n for n in network.graph.node if any(name.endswith("embedding.0.weight") for name in n.input[1:]))
    network.graph.output.append(helper.make_tensor_value_info(reader.input[0], onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run([reader.input[0]], {"image": images.numpy()})[0])


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("model", ["landmarks", "expression-open", "age"])
def test_the_body_of_a_shipped_model(model: str, training: bool) -> None:
    backbone = create_backbone(NAME, width=WIDTH, pretrained=model).train(training)
    expected = exported_map(model, crops())
    assert expected.std() > 0.01
    with torch.no_grad():
        torch.testing.assert_close(backbone(crops()), expected, atol=1e-3 * float(expected.abs().max()), rtol=0)


def test_norms_are_put_back_with_images() -> None:
    backbone = create_backbone(NAME, width=WIDTH, pretrained="age", images=crops()).train()
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in backbone.modules())
    expected = exported_map("age", crops())
    torch.testing.assert_close(backbone(crops()), expected, atol=1e-3 * float(expected.abs().max()), rtol=0)
    backbone(crops()).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in backbone.parameters())


def test_a_pyramid_of_a_shipped_model() -> None:
    pyramid = create_backbone(NAME, width=WIDTH, pretrained="landmarks", features_only=True).eval()
    with torch.no_grad():
        maps = pyramid(crops(2))
    assert [m.shape[1] for m in maps] == list(pyramid.feature_channels)
    expected = exported_map("landmarks", crops(2))
    torch.testing.assert_close(maps[-1], expected, atol=1e-3 * float(expected.abs().max()), rtol=0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (NAME, {"pretrained": "age"}, r"'pretrained' must be a network with this backbone, width .*Got 'age'"),
        ("mobilenet_v1", {"width": WIDTH, "pretrained": "age"}, "'pretrained' must be a network with this backbone"),
        (NAME, {"pretrained": "smile"}, "'model' must be one of age, attractiveness"),
        (NAME, {"images": torch.zeros(1, 3, 32, 32)}, "'images' must be None without 'pretrained'"),
        ("timm:resnet18", {"pretrained": "age"}, "'pretrained' must be None for 'timm:resnet18'"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        create_backbone(name, **options)


def test_names_by_pattern() -> None:
    assert list_backbones("mobilenet_v4*") == [
        "mobilenet_v4_conv_large", "mobilenet_v4_conv_medium", "mobilenet_v4_conv_small",
    ]  # fmt: skip
    assert list_backbones("resnet*") == []
    assert set(list_backbones()) == set(NETWORKS)
