"""Routes: the embedding of an exported network, models of another task refused, the time of a face."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("onnx", reason="studies need mien[train]")

from onnx import TensorProto, helper, numpy_helper

from mien.errors import InputError
from mien.estimates import sigmoid
from mien.runtime.models import find_model
from mien.runtime.session import open_session
from mien.studies.routes import routes
from mien.studies.routes.landmark_classifier import LandmarkClassifier
from mien.studies.routes.landmark_features import landmark_features

WEIGHT = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def network(last: str = "Gemm") -> bytes:
    """image (B, 4) -> relu -> linear -> emotion (B, 3)."""
    nodes = [helper.make_node("Relu", ["image"], ["hidden"])]
    if last == "Gemm":
        nodes.append(helper.make_node("Gemm", ["hidden", "weight"], ["emotion"], transB=1))
    else:
        nodes.append(helper.make_node("Relu", ["hidden"], ["emotion"]))
    shape = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "tiny", [shape("image", TensorProto.FLOAT, ["batch", 4])],
        [shape("emotion", TensorProto.FLOAT, ["batch", None])], [numpy_helper.from_array(WEIGHT, "weight")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def test_the_last_layer_reads_the_embedding() -> None:
    changed, name = routes.with_embedding(network(), "emotion")
    image = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    logits, embedding = open_session(changed, 1).run(["emotion", name], {"image": image})
    np.testing.assert_allclose(embedding, np.maximum(image, 0))
    np.testing.assert_allclose(embedding @ WEIGHT.T, logits, rtol=1e-5)


@pytest.mark.parametrize(("output", "said"), [("emotion", "Got Relu"), ("mood", "Got nothing")])
def test_an_output_without_a_linear_layer(output: str, said: str) -> None:
    with pytest.raises(InputError, match=rf"must come from a linear layer \(Gemm or MatMul\). {said}"):
        routes.with_embedding(network("Relu"), output)


def test_a_model_of_another_task_is_no_direct_network() -> None:
    with pytest.raises(InputError, match=r"must be of the task 'emotion'. Got 'age'"):
        routes.DirectRoute(find_model("age"))


def test_action_units_answer_as_the_analyzer_does() -> None:
    route = routes.UnitsRoute()
    assert route.template is not None
    size = route.template.size
    crops = np.random.default_rng(2).integers(0, 255, (3, size, size, 3)).astype(np.uint8)
    found = route.read(crops, np.zeros((3, 68, 2), np.float32))
    logits = route.head.model(crops)["action_units"]
    decoding = route.head.model.card.decoding
    expected = sigmoid(logits * np.array(decoding["slope"]) + np.array(decoding["bias"]))
    np.testing.assert_allclose(found.representation, expected, atol=1e-5)
    np.testing.assert_allclose(np.exp(found.log_probability).sum(1), 1, atol=1e-5)
    assert found.displays.keys() == {"pain", "surprise"}


class FirstFeature:
    """A classifier that is sure of positive where the first feature is above 0."""

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        positive = features[:, 0] > 0
        return np.stack([positive, ~positive, 0 * positive], 1).astype(float)


def test_landmarks_hand_on_their_features_and_no_probability_is_zero() -> None:
    points = np.random.default_rng(3).uniform(0, 100, (6, 68, 2)).astype(np.float32)
    route = routes.LandmarksRoute(LandmarkClassifier("first", {}, FirstFeature()), routes.EXACT)
    found = route.read(np.zeros((6, 0, 0, 3), np.uint8), points)
    assert route.name == routes.EXACT
    assert route.template is None
    np.testing.assert_array_equal(found.representation, landmark_features(points))
    assert np.isfinite(found.log_probability).all()
    assert ((found.log_probability.argmax(1) == 0) == (found.representation[:, 0] > 0)).all()


def test_time_of_a_face_is_a_median_and_the_first_call_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.cumsum([0, 3, 0, 1, 0, 1, 0, 90]).astype(float))
    monkeypatch.setattr(routes, "perf_counter", lambda: next(clock))
    calls: list[int] = []
    assert routes.seconds_a_face(calls.append, 4, faces=2) == 1.0
    assert calls == [0, 0, 1, 2, 3]


def test_missing_weights(tmp_path: Path) -> None:
    from mien.errors import ModelError

    with pytest.raises(ModelError, match="is missing"):
        routes.DirectRoute(tmp_path / "direct.onnx")
