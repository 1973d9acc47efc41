"""Products of ONNX operators by formula: recurrent, fused, quantized, packed, nested; sequences, open shapes."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the profiler needs mien[train]")
pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper, numpy_helper

from mien.errors import InputError, MediaError
from mien.profile import Report, profile

node = helper.make_node
FLOAT, BYTE = TensorProto.FLOAT, TensorProto.UINT8
FUSED = "com.microsoft"


def array(name: str, *shape: int, dtype=np.float32):  # type: ignore[no-untyped-def]
    return numpy_helper.from_array(np.zeros(shape, dtype), name)


def info(name: str, shape, kind=FLOAT):  # type: ignore[no-untyped-def]
    return helper.make_tensor_value_info(name, kind, shape)


def counted(folder: Path, nodes, shape, weights=(), kind=FLOAT, functions=(), size=None, output=None) -> Report:  # type: ignore[no-untyped-def]
    output = output or info("y", None, TensorProto.INT32 if nodes[-1].op_type == "ConvInteger" else kind)
    graph = helper.make_graph(nodes, "graph", [info("x", shape, kind)], [output], list(weights))
    version = 23 if nodes[-1].op_type == "Attention" else 17
    domains = [helper.make_opsetid("", version), helper.make_opsetid(FUSED, 1), helper.make_opsetid("own", 1)]
    model = helper.make_model(graph, opset_imports=domains, functions=list(functions), ir_version=10)
    onnx.save(model, folder / "model.onnx")
    return profile(folder / "model.onnx", size)


KERNEL = array("w", 3, 2, 3, 3)
PRODUCTS = {
    "LSTM": ([node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=6)], [5, 2, 4],
             [array("w", 1, 24, 4), array("r", 1, 24, 6), array("b", 1, 48)], 5 * 2 * 24 * (4 + 6), 24 * 10 + 48),
    "GRU": ([node("GRU", ["x", "w", "r"], ["y"], hidden_size=6)], [5, 2, 4],
            [array("w", 1, 18, 4), array("r", 1, 18, 6)], 5 * 2 * 18 * 10, 180),
    "RNN": ([node("RNN", ["x", "w", "r"], ["y"], hidden_size=6)], [5, 2, 4],
            [array("w", 1, 6, 4), array("r", 1, 6, 6)], 5 * 2 * 6 * 10, 60),
    "Einsum": ([node("Einsum", ["x", "w"], ["y"], equation="bij,jk->bik")], [2, 3, 4], [array("w", 4, 5)], 120, 20),
    "Attention": ([node("Attention", ["x", "x", "x"], ["y"], q_num_heads=2, kv_num_heads=2)], [1, 10, 8], [],
                  2 * 10 * 10 * 8, 0),
    "MultiHeadAttention": ([node("MultiHeadAttention", ["x", "x", "x"], ["y"], num_heads=2, domain=FUSED)],
                           [1, 10, 8], [], 2 * 10 * 10 * 8, 0),
    "MatMulNBits": ([node("MatMulNBits", ["x", "w", "s"], ["y"], K=64, N=8, bits=4, block_size=32, domain=FUSED)],
                    [2, 64], [array("w", 8, 2, 16, dtype=np.uint8), array("s", 16)], 2 * 64 * 8, 64 * 8 + 16),
    "FusedConv": ([node("FusedConv", ["x", "w"], ["y"], activation="Relu", domain=FUSED)], [1, 2, 5, 5], [KERNEL],
                  9 * 3 * 18, 54),
    "FusedMatMul": ([node("FusedMatMul", ["x", "w"], ["y"], transB=1, domain=FUSED)], [2, 4], [array("w", 5, 4)],
                    40, 20),
    "Constant": ([node("Constant", [], ["w"], value=array("c", 3, 2, 3, 3)), node("Conv", ["x", "w"], ["y"])],
                 [1, 2, 5, 5], [], 9 * 3 * 18, 54),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_by_formula(tmp_path: Path, name: str) -> None:
    nodes, shape, weights, macs, parameters = PRODUCTS[name]
    report = counted(tmp_path, nodes, shape, weights)
    assert (report.macs, report.parameters, report.uncounted) == (macs, parameters, {})


def test_quantized_products(tmp_path: Path) -> None:
    scale, zero, matrix = array("a"), array("z", dtype=np.uint8), array("w", 4, 5, dtype=np.uint8)
    places = ["x", "a", "z", "w", "a", "z", "a", "z"]
    product = counted(tmp_path, [node("QLinearMatMul", places, ["y"])], [2, 4], [scale, zero, matrix], BYTE)
    kernel = array("w", 3, 2, 3, 3, dtype=np.uint8)
    conv = counted(tmp_path, [node("ConvInteger", ["x", "w", "z"], ["y"])], [1, 2, 5, 5], [kernel, zero], BYTE)
    assert (product.macs, conv.macs, conv.bias_parameters, conv.receptive_field) == (40, 486, 0, (3, 3))
    assert conv.cost.additions == 9 * 3 * 17


def test_local_functions(tmp_path: Path) -> None:
    inner = [node("MatMul", ["a", "b"], ["c"])]
    function = helper.make_function("own", "Linear", ["a", "b"], ["c"], inner, [helper.make_opsetid("", 17)])
    report = counted(tmp_path, [node("Linear", ["x", "w"], ["y"], domain="own")], [2, 4], [array("w", 4, 5)],
                     functions=[function])  # fmt: skip
    assert (report.macs, report.uncounted) == (40, {})


def test_branches(tmp_path: Path) -> None:
    def branch(width: int):  # type: ignore[no-untyped-def]
        name = f"w{width}"
        inner = [node("MatMul", ["x", name], [f"a{width}"]), node("MatMul", [f"a{width}", f"v{width}"], [f"o{width}"])]
        weights = [array(name, 4, width), array(f"v{width}", width, 3)]
        return helper.make_graph(inner, name, [], [info(f"o{width}", [2, 3])], weights)

    nodes = [
        node("ReduceMax", ["x"], ["m"], keepdims=0), node("Greater", ["m", "m"], ["c"]),
        node("If", ["c"], ["y"], then_branch=branch(5), else_branch=branch(7)),
    ]  # fmt: skip
    report = counted(tmp_path, nodes, [2, 4])
    assert (report.macs, report.parameters) == (2 * 4 * 7 + 2 * 7 * 3, 7 * 12)
    assert "the one with more products is counted" in report.notes[1]


def loop(rounds: list[str]):  # type: ignore[no-untyped-def]
    inner = [node("Identity", ["go"], ["on"]), node("MatMul", ["s", "w"], ["t"])]
    given = [info("i", [], TensorProto.INT64), info("go", [], TensorProto.BOOL), info("s", [2, 4])]
    body = helper.make_graph(inner, "body", given, [info("on", [], TensorProto.BOOL), info("t", [2, 4])])
    return node("Loop", [*rounds, "x"], ["y"], body=body)


def test_loops(tmp_path: Path) -> None:
    weights = [
        numpy_helper.from_array(np.array(7), "n"),
        numpy_helper.from_array(np.array(True), "c"),
        array("w", 4, 4),
    ]
    report = counted(tmp_path, [loop(["n", "c"])], [2, 4], weights)
    assert (report.macs, report.parameters, report.uncounted) == (7 * 32, 16, {})
    measured = [node("ReduceMax", ["x"], ["m"], keepdims=0), node("Cast", ["m"], ["k"], to=TensorProto.INT64)]
    open_end = counted(tmp_path, [*measured, loop(["k", "c"])], [2, 4], weights[1:])
    assert (open_end.macs, open_end.uncounted) == (32, {"onnx::Loop": 1})


def test_scans(tmp_path: Path) -> None:
    inner = [node("Add", ["s", "e"], ["a"]), node("MatMul", ["a", "w"], ["t"]), node("Identity", ["t"], ["o"])]
    body = helper.make_graph(inner, "b", [info("s", [2, 4]), info("e", [2, 4])], [info("t", [2, 4]), info("o", [2, 4])])
    scan = node("Scan", ["z", "x"], ["f", "y"], body=body, num_scan_inputs=1)
    report = counted(tmp_path, [scan], [6, 2, 4], [array("z", 2, 4), array("w", 4, 4)])
    assert (report.macs, report.uncounted) == (6 * 32, {})


def test_sequences(tmp_path: Path) -> None:
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("SplitToSequence", ["c"], ["s"], axis=1),
        node("SequenceAt", ["s", "i"], ["y"]),
    ]
    report = counted(tmp_path, nodes, [1, 2, 5, 5], [KERNEL, numpy_helper.from_array(np.array(1), "i")])
    assert (report.macs, report.output_shapes) == (486, ((1, 1, 3, 3),))
    assert report.fields[report.graph.outputs[0].id][0, 2].whole
    output = helper.make_tensor_sequence_value_info("y", FLOAT, None)
    listed = counted(tmp_path, [node("SplitToSequence", ["x"], ["y"], axis=1)], [1, 4, 6, 6], output=output)
    assert "'y' is no tensor" in listed.notes[1]


def test_inputs_without_a_rank(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="given for 'x', whose shape the file leaves open"):
        counted(tmp_path, [node("Relu", ["x"], ["y"])], None)
    assert counted(tmp_path, [node("Relu", ["x"], ["y"])], None, size=(1, 3, 8, 8)).output_shapes == ((1, 3, 8, 8),)


def test_what_is_unknown_is_named(tmp_path: Path) -> None:
    assert counted(tmp_path, [node("Det", ["x"], ["y"])], [1, 3, 3]).uncounted == {"det": 1}


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.touch()
    with pytest.raises(MediaError, match="it is empty"):
        profile(path)
