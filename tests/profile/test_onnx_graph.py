"""ONNX files: counted and seen like the torch modules that they come from; open shapes and broken files."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")
pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from mien.errors import InputError, MediaError
from mien.profile import Report, profile
from mien.profile.onnx_graph import module_of, read_onnx
from mien.profile.profiler import report


def tensor(name: str, *shape: int, values=None, dtype=np.float32):  # type: ignore[no-untyped-def]
    array = np.zeros(shape, dtype) if values is None else np.array(values, np.int64)
    return numpy_helper.from_array(array, name)


def write(path: Path, nodes, weights, shape, output) -> Path:  # type: ignore[no-untyped-def]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def small(folder: Path, shape=("n", 3, 24, 20)) -> Path:  # type: ignore[no-untyped-def]
    nodes = [
        helper.make_node("Conv", ["x", "a.weight", "a.bias"], ["c"], strides=[2, 1], pads=[1, 0, 1, 0], name="/a/Conv"),
        helper.make_node("Relu", ["c"], ["r"], name="/act/Relu"),
        helper.make_node("MaxPool", ["r"], ["m"], kernel_shape=[2, 2], strides=[2, 2], name="/pool/MaxPool"),
        helper.make_node("GlobalAveragePool", ["m"], ["g"], name="/mean/Pool"),
        helper.make_node("Mul", ["m", "g"], ["s"]),
        helper.make_node("Cast", ["b.weight"], ["b"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["s", "b"], ["d"], group=2),
        helper.make_node("ReduceMean", ["d"], ["f"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["f", "l.weight", "l.bias"], ["y"], transB=1, name="/l/Gemm"),
    ]
    weights = [
        tensor("a.weight", 8, 3, 3, 1), tensor("a.bias", 8), tensor("b.weight", 4, 4, 1, 3, dtype=np.float16),
        tensor("l.weight", 5, 4), tensor("l.bias", 5),
    ]  # fmt: skip
    return write(folder / "small.onnx", nodes, weights, list(shape), ["n", 5])


class Twin(nn.Module):
    """The same network in torch."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, (3, 1), (2, 1), (1, 0))
        self.pool = nn.MaxPool2d(2)
        self.b = nn.Conv2d(8, 4, (1, 3), groups=2, bias=False)
        self.l = nn.Linear(4, 5)

    def forward(self, x):  # type: ignore[no-untyped-def]
        m = self.pool(self.a(x).relu())
        return self.l(self.b(m * m.mean((2, 3), keepdim=True)).mean((2, 3)))


def figures(found: Report) -> tuple[object, ...]:
    cost = found.cost
    return (
        found.parameters, found.bias_parameters, cost.macs, cost.additions, cost.additions_without_bias,
        cost.activations, found.receptive, found.feature_map, found.output_shapes,
    )  # fmt: skip


def test_a_file_counts_like_its_torch_module(tmp_path: Path) -> None:
    found, twin = profile(str(small(tmp_path))), profile(Twin(), (1, 3, 24, 20))
    assert figures(found) == figures(twin)
    assert found.is_global
    assert found.receptive_field == (5, 6)


def test_modules_come_from_the_names_of_nodes_and_weights(tmp_path: Path) -> None:
    found = profile(str(small(tmp_path)))
    parameters = {module.path: module.parameters for _, module in found.modules.walk()}
    assert parameters == {"": 153, "a": 80, "act": 0, "pool": 0, "mean": 0, "b": 48, "l": 25}
    assert found.weight_bytes == 4 * (80 + 25) + 2 * 48


def test_another_size_is_taken_and_a_wrong_one_refused(tmp_path: Path) -> None:
    path = small(tmp_path)
    twin = profile(Twin(), (2, 3, 40, 30))
    assert figures(profile(str(path), (2, 3, 40, 30))) == figures(twin)
    with pytest.raises(InputError, match="'input_size' must be"):
        profile(str(path), (1, 4, 24, 20))
    with pytest.raises(InputError, match="4 numbers for 'x'"):
        profile(str(path), (1, 3))
    with pytest.raises(InputError, match="a shape for each of x"):
        profile(str(path), [(1, 3, 24, 20), (1, 2)])


def test_an_open_side_must_be_given(tmp_path: Path) -> None:
    path = small(tmp_path, ("n", 3, "h", "w"))
    with pytest.raises(InputError, match="leaves open"):
        read_onnx(path)
    assert profile(str(path), (1, 3, 24, 20)).receptive_field == (5, 6)


def test_shapes_that_inference_does_not_find_are_measured(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["n"]),
        helper.make_node("Range", ["zero", "n", "one"], ["range"]),
        helper.make_node("Cast", ["range"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["float", "axes"], ["u"]),
        helper.make_node("Mul", ["u", "x"], ["y"]),
    ]
    weights = [tensor("zero", values=0), tensor("one", values=1), tensor("axes", values=[0, 2, 3])]
    path = write(tmp_path / "open.onnx", nodes, weights, [1, 3, 8, 8], [1, 3, 8, 8])
    assert profile(str(path)).receptive_field == (1, 1)


MOVES = [
    (helper.make_node("Transpose", ["x"], ["y"], perm=[0, 1, 3, 2]), [], (1, 1)),
    (helper.make_node("Slice", ["x", "s", "e", "ax", "st"], ["y"]), [("s", [1, 0]), ("e", [9, 8]), ("ax", [2, 3]),
     ("st", [2, 4])], (1, 1)),
    (helper.make_node("Pad", ["x", "p"], ["y"]), [("p", [0, 0, 2, 1, 0, 0, 2, 1])], (1, 1)),
    (helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="linear"), [("sizes", [1, 4, 16, 24])], (2, 2)),
    (helper.make_node("DepthToSpace", ["x"], ["y"], blocksize=2), [], (1, 1)),
    (helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 2], auto_pad="SAME_UPPER"), [], (3, 2)),
    (helper.make_node("Softmax", ["x"], ["y"], axis=1), [], (1, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("node", "constants", "field"), MOVES, ids=lambda one: getattr(one, "op_type", ""))
def test_nodes(tmp_path: Path, node, constants, field) -> None:  # type: ignore[no-untyped-def]
    weights = [tensor(name, values=values) for name, values in constants]
    path = write(tmp_path / "one.onnx", [node], weights, [1, 4, 8, 8], [None] * 4)
    found = report(read_onnx(path), "one")
    assert found.receptive_field == field
    assert found.notes[1:] == ()


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_text("no model")
    with pytest.raises(MediaError, match="cannot be read as an ONNX model"):
        read_onnx(path)
    with pytest.raises(MediaError, match="missing"):
        read_onnx(tmp_path / "missing.onnx")


def test_scopes_of_the_new_exporter() -> None:
    node = helper.make_node("Conv", ["x"], ["y"], name="node_conv2d_3")
    entry = node.metadata_props.add()
    entry.key, entry.value = "pkg.torch.onnx.name_scopes", "['', 'layers', 'layers.0', 'conv2d']"
    assert module_of(node) == "layers.0"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "inception_v3"])
def test_an_exported_backbone_is_its_torch_module(tmp_path: Path, name: str) -> None:
    from mien.train.backbones.registry import create_backbone
    from mien.train.export.exporter import write_onnx

    net = create_backbone(name).eval()
    path = tmp_path / "net.onnx"
    write_onnx(net, ["map"], 96, path)
    found, twin = profile(str(path)), profile(net, 96)
    assert (found.macs, found.receptive) == (twin.macs, twin.receptive)
