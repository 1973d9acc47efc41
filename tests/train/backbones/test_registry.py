"""All backbones of the registry alike: gradients, pyramid, ONNX, sizes, options; their names."""

import io
import warnings
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="backbones need mien[train]")

import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.ort import onnxruntime
from mien.train.backbones.base import Backbone, DropPath
from mien.train.backbones.registry import NETWORKS, create_backbone, create_classifier, find_network

HEAVY = {
    "inception_resnet_v1", "inception_resnet_v2", "inception_v3", "inception_v4", "xception",
    "mobilenet_v4_conv_large", "mobilenet_v4_conv_medium",
}  # fmt: skip
EXPORT_QUICKLY = {"mobilenet_v3_small"}
SCALING = [name for name in NETWORKS if NETWORKS[name].scales]
FIXED = [name for name in NETWORKS if not NETWORKS[name].scales]


def marked(slow: set[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) if name in slow else name for name in NETWORKS]


def pictures(count: int, size: int = 96, channels: int = 3) -> Tensor:
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(0))


def settled(net: nn.Module, size: int = 96) -> nn.Module:
    """In use, with normalisations that have seen pictures: outputs of fresh weights are neither 0 nor huge."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        net.train()(pictures(4, size))
    return net.eval()


@cache
def on_meta(name: str, **options: Any) -> Any:
    with torch.device("meta"):
        return create_backbone(name, **options).eval()


def sides(net: nn.Module, size: int, channels: int = 3) -> list[int]:
    """Side of each map of a pyramid for pictures of that size; nothing is calculated."""
    maps = net(torch.zeros(1, channels, size, size, device="meta"))
    assert all(m.shape[2] == m.shape[3] for m in maps)
    return [m.shape[3] for m in maps]


@pytest.mark.parametrize("name", marked(HEAVY))
def test_every_weight_gets_a_finite_gradient(name: str) -> None:
    torch.manual_seed(0)
    net = create_backbone(name).train()
    out = net(pictures(2))
    assert out.shape[:2] == (2, net.num_features)
    out.square().mean().backward()
    missing = [key for key, p in net.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert missing == []
    assert all(p.grad.any() for p in net.parameters() if p.grad is not None and p.ndim > 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_pyramid_has_the_channels_and_strides_that_it_names(name: str) -> None:
    net = on_meta(name, features_only=True)
    channels = [m.shape[1] for m in net(torch.zeros(1, 3, 96, 96, device="meta"))]
    assert tuple(channels) == net.feature_channels
    grown = zip(sides(net, 107), sides(net, 107 + 32), net.feature_strides, strict=True)
    assert all(after - before == 32 // stride for before, after, stride in grown)
    assert all(a < b for a, b in zip(net.feature_strides, net.feature_strides[1:], strict=False))
    assert net.feature_strides[-1] == 32
    assert net.num_features == channels[-1]


@pytest.mark.parametrize("name", marked(HEAVY))
def test_pyramid_ends_with_what_the_backbone_gives_at_any_size(name: str) -> None:
    torch.manual_seed(0)
    net = create_backbone(name)
    settled(net)
    assert isinstance(net, Backbone)
    for size in (96, 107):
        with torch.no_grad():
            out = net(pictures(1, size))
            assert torch.equal(net.pyramid(pictures(1, size))[-1], out)
        assert out.shape[1] == net.num_features
        assert out.isfinite().all()


@pytest.mark.parametrize("name", marked(HEAVY))
def test_a_picture_alone_gives_what_it_gives_among_others(name: str) -> None:
    torch.manual_seed(0)
    net = settled(create_backbone(name)).double()
    crops = pictures(3).double()
    with torch.no_grad():
        together, alone = net(crops), net(crops[1:2])
    assert together.std() > 0.01
    torch.testing.assert_close(alone, together[1:2], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", marked(set(NETWORKS) - EXPORT_QUICKLY))
def test_onnx_gives_what_torch_gives(name: str) -> None:
    torch.manual_seed(0)
    net = settled(create_backbone(name), 160)  # larger maps: better conditioned than from four pictures of 1 x 1
    stored = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own internals
        program = torch.onnx.export(net, (pictures(2),), dynamo=True, verbose=False, input_names=["image"],
                                    dynamic_shapes=({0: torch.export.Dim("batch")},))  # fmt: skip
        assert program is not None
        program.save(stored)
    session = onnxruntime.InferenceSession(stored.getvalue(), providers=["CPUExecutionProvider"])
    exact = deepcopy(net).double()  # torch's own rounding in float32 is of the size of the tolerance
    for count in (1, 3):
        with torch.no_grad():
            expected = exact(pictures(count).double()).numpy()
        found = session.run(None, {"image": pictures(count).numpy()})[0]
        assert expected.std() > 0.01
        assert np.abs(found - expected).max() <= 1e-4 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("name", marked(HEAVY))
def test_stem_stride_1_halves_every_stride(name: str) -> None:
    usual, fine = on_meta(name, features_only=True), on_meta(name, features_only=True, stem_stride=1)
    assert fine.feature_strides == tuple(stride // 2 for stride in usual.feature_strides if stride > 2)
    assert fine.feature_channels == usual.feature_channels[-len(fine.feature_strides) :]
    before, after = sides(fine, 96)[-1], sides(fine, 96 + 16)[-1]
    assert after == before + 1
    assert before >= 2 * sides(usual, 96)[-1]


@pytest.mark.parametrize("name", marked(HEAVY))
def test_grey_pictures(name: str) -> None:
    grey, colour = on_meta(name, in_channels=1), on_meta(name)
    assert (
        grey(torch.zeros(1, 1, 96, 96, device="meta")).shape == colour(torch.zeros(1, 3, 96, 96, device="meta")).shape
    )
    first, other = (next(net.parameters()) for net in (grey, colour))
    assert first.shape == (other.shape[0], 1, *other.shape[2:])


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in HEAVY])
def test_weights_follow_the_seed(name: str) -> None:
    weights = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        weights.append(torch.cat([p.flatten() for p in create_backbone(name).parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("name", marked(HEAVY))
def test_drop_path_acts_in_training_only(name: str) -> None:
    if not any(isinstance(m, DropPath) for m in create_backbone(name).modules()):
        with pytest.raises(InputError, match=r"'drop_path' must be 0 for .* no residual branches\. Got 0\.9"):
            create_backbone(name, drop_path=0.9)
        return
    net = create_backbone(name, drop_path=0.9)
    torch.manual_seed(0)
    net.load_state_dict(create_backbone(name).state_dict())
    torch.manual_seed(0)
    plain = create_backbone(name)
    with torch.no_grad():
        torch.testing.assert_close(net.eval()(pictures(2)), plain.eval()(pictures(2)))
        dropped, kept = net.train()(pictures(2)), plain.train()(pictures(2))
    assert not torch.allclose(dropped, kept, atol=1e-3)


@pytest.mark.parametrize("name", SCALING)
def test_narrower_is_smaller(name: str) -> None:
    sizes = [sum(p.numel() for p in on_meta(name, width=width).parameters()) for width in (0.25, 1.0, 1.4)]
    assert np.all(np.diff(sizes) > 0)


@pytest.mark.parametrize("name", FIXED)
def test_no_width_where_the_paper_has_none(name: str) -> None:
    with pytest.raises(InputError, match=r"'width' must be 1 for .* no width multiplier\. Got 0\.5"):
        create_backbone(name, width=0.5)


@pytest.mark.parametrize("name", marked(HEAVY))
def test_classifier_has_the_papers_classes_and_refuses_heads_it_lacks(name: str) -> None:
    with torch.device("meta"):
        net = create_classifier(name, 7).eval()
    assert net(torch.zeros(2, 3, 96, 96, device="meta")).shape == (2, 7)
    assert net.dropout.p == NETWORKS[name].dropout
    if NETWORKS[name].aux is None:
        with pytest.raises(InputError, match=rf"'aux' must be False for '{name}', which has no auxiliary heads"):
            create_classifier(name, aux=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stem_stride": 3}, r"'stem_stride' must be 1 or 2\. Got 3"),
        ({"stem_stride": 4}, r"'stem_stride' must be 1 or 2\. Got 4"),
        ({"in_channels": 0}, r"'in_channels' must be a whole number of at least 1\. Got 0"),
        ({"width": 0}, r"'width' must be above 0\. Got 0"),
        ({"width": float("nan")}, r"'width' must be above 0\. Got nan"),
        ({"drop_path": 1.0}, r"'drop_path' must be at least 0 and below 1\. Got 1\.0"),
    ],
)
@pytest.mark.parametrize("name", ["mobilenet_v2", "timm:resnet18"])
def test_wrong_options_are_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        create_backbone(name, **options)


def test_classifier_gives_no_pyramid_and_has_a_class() -> None:
    with pytest.raises(InputError, match="'features_only' must be False for a classifier"):
        create_classifier("mobilenet_v2", features_only=True)
    with pytest.raises(InputError, match="'num_classes' must be a whole number of at least 1"):
        create_classifier("mobilenet_v2", 0)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'backbone' must be one of .*mobilenet_v2.*Did you mean 'mobilenet_v2'\?"):
        create_backbone("mobilenet_v22")
    with pytest.raises(InputError, match=r"or timm:NAME\. Got 'zzz'\.$"):
        find_network("zzz")
    with pytest.raises(InputError, match="'backbone' must be one of"):
        create_classifier("timm:resnet18")
