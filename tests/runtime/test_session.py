"""Sessions: shapes set free keep the network, damaged files are refused in words, threads are what was asked for."""

import os
from contextlib import suppress

import numpy as np
import pytest

from mien.errors import InputError, ModelError
from mien.runtime.session import free_shapes, open_session

onnx = pytest.importorskip("onnx")


def fixed_model(listed_initializers: bool = False) -> bytes:
    """A convolution of pictures 32 x 32 whose inner and outer shapes are all written down."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    weight = numpy_helper.from_array(rng.normal(0, 1, (4, 3, 3, 3)).astype(np.float32), "weight")
    bias = numpy_helper.from_array(rng.normal(0, 1, 4).astype(np.float32), "bias")
    nodes = [
        helper.make_node("Conv", ["input", "weight", "bias"], ["inner"], pads=[1] * 4, strides=[2, 2]),
        helper.make_node("Relu", ["inner"], ["positive"]),
        helper.make_node("Neg", ["inner"], ["negative"]),
    ]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 32, 32])]
    if listed_initializers:
        inputs += [helper.make_tensor_value_info(t.name, TensorProto.FLOAT, list(t.dims)) for t in (weight, bias)]
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4, 16, 16]) for n in ("positive", "negative")]
    inner = [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1, 4, 16, 16])]
    graph = helper.make_graph(nodes, "fixed", inputs, outputs, [weight, bias], value_info=inner)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="tests")
    return bytes(model.SerializeToString())


def run(model: bytes, image: np.ndarray) -> list[np.ndarray]:
    return list(open_session(model, 1).run(None, {"input": image}))


def test_free_shapes_run_at_any_size() -> None:
    model = fixed_model()
    image = np.random.default_rng(1).normal(0, 1, (2, 3, 48, 64)).astype(np.float32)
    with pytest.raises(Exception, match="invalid dimensions"):
        run(model, image)
    positive, negative = run(free_shapes(model), image)
    assert positive.shape == negative.shape == (2, 4, 24, 32)
    assert np.array_equal(positive, np.maximum(-negative, 0))
    for height, width in ((1, 1), (7, 200), (32, 32)):
        assert run(free_shapes(model), image[:, :, :height, :width])[0].shape[2] == -(-height // 2)


def test_free_shapes_keep_the_network() -> None:
    model = fixed_model()
    image = np.random.default_rng(2).normal(0, 1, (1, 3, 32, 32)).astype(np.float32)
    for before, after in zip(run(model, image), run(free_shapes(model), image), strict=True):
        assert np.array_equal(before, after)
    before, after = (onnx.load_from_string(part) for part in (model, free_shapes(model)))
    assert after.producer_name == "tests"
    assert after.opset_import == before.opset_import
    assert after.graph.node == before.graph.node
    assert after.graph.initializer == before.graph.initializer
    dims = after.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == ["axis0", 3, "axis2", "axis3"]
    assert not after.graph.value_info
    assert [output.type.tensor_type.HasField("shape") for output in after.graph.output] == [False, False]
    assert free_shapes(free_shapes(model)) == free_shapes(model)


def test_only_the_given_axes_are_free() -> None:
    model = free_shapes(fixed_model(), (0,))
    assert run(model, np.zeros((5, 3, 32, 32), np.float32))[0].shape == (5, 4, 16, 16)
    with pytest.raises(Exception, match="invalid dimensions"):
        run(model, np.zeros((1, 3, 64, 32), np.float32))


def test_weights_that_are_listed_as_inputs_are_no_trouble() -> None:
    model = free_shapes(fixed_model(listed_initializers=True))
    assert run(model, np.zeros((2, 3, 64, 32), np.float32))[0].shape == (2, 4, 32, 16)


def test_a_file_that_is_cut_off_is_refused() -> None:
    model = fixed_model()
    for end in range(0, len(model) - 1, 7):
        with pytest.raises(ModelError, match=r"The model must be a"):
            open_session(free_shapes(model[:end]), 1)


def test_changed_bytes_raise_nothing_else() -> None:
    model, rng = fixed_model(), np.random.default_rng(3)
    for _ in range(300):
        damaged = bytearray(model)
        for at in rng.integers(0, len(model), 4):
            damaged[at] = rng.integers(0, 256)
        with suppress(ModelError):
            assert isinstance(free_shapes(bytes(damaged)), bytes)


@pytest.mark.parametrize("content", [b"", b"I am no model", b"\x00" * 100, b"\xff" * 100, b"\x3a\x05ab", b"\x0b"])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"must be a valid ONNX file\. onnxruntime says: "):
        open_session(content)
    with pytest.raises(ModelError, match="The model must be a"):
        open_session(free_shapes(content))


def threads_of(threads: int | None) -> int:
    return int(open_session(fixed_model(), threads).get_session_options().intra_op_num_threads)


def test_threads_are_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [threads_of(threads) for threads in (1, 2, 3)] == [1, 2, 3]
    for cores, expected in ((None, 1), (1, 1), (2, 2), (64, 2)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert threads_of(None) == expected


@pytest.mark.parametrize("threads", [0, -1])
def test_wrong_threads_are_refused(threads: int) -> None:
    with pytest.raises(InputError, match=rf"'threads' must be a whole number of at least 1, or None\. Got {threads}\."):
        open_session(fixed_model(), threads)


def test_a_session_does_not_spin_and_uses_the_processor() -> None:
    session = open_session(fixed_model())
    options = session.get_session_options()
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert session.get_providers() == ["CPUExecutionProvider"]
