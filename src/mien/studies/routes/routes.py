"""Three routes from a face to positive, neutral, negative: Action Units, a direct network, landmarks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from mien.errors import InputError
from mien.expression.displays import pain_index
from mien.faces import ActionUnits, Faces
from mien.geometry import Array, CropTemplate
from mien.runtime.heads import Head
from mien.runtime.models import Model
from mien.runtime.session import open_session
from mien.studies.routes.landmark_classifier import LandmarkClassifier
from mien.studies.routes.landmark_features import landmark_features
from mien.tasks import decode

UNITS, DIRECT, LANDMARKS, EXACT = "Action Units", "direct network", "landmarks", "exact landmarks"
Crops = NDArray[np.uint8]
SURPRISE = ("AU01", "AU02", "AU05", "AU26")
"""Ekman & Friesen's prototype of surprise."""


@dataclass(frozen=True, slots=True)
class Answers:
    """log_probability (N, 3) of positive, neutral, negative, and the representation (N, D) that they are read from.

    displays: scores (N,) of displays that the route tells without any further label.
    """

    log_probability: Array
    representation: Array
    displays: dict[str, Array]


class Route(Protocol):
    """A way to the three classes; template: of the aligned crops that it looks at, None where it sees no pixels."""

    name: str
    template: CropTemplate | None

    def read(self, crops: Crops, landmarks: Array) -> Answers:
        """Answers for aligned crops (N, S, S, 3) with 68 landmarks (N, 68, 2)."""


class UnitsRoute:
    """Action Units and the evidence model, as the Analyzer runs them; it hands on the units' probabilities."""

    name = UNITS

    def __init__(self, model: str | Path = "expression") -> None:
        self.head = Head(model, threads=1)
        self.template: CropTemplate | None = self.head.template

    def read(self, crops: Crops, landmarks: Array) -> Answers:
        """Answers for aligned crops (N, S, S, 3)."""
        faces = self.head.decode(_faces(len(crops)), self.head.model(crops))
        assert faces.emotion is not None
        assert faces.action_units is not None
        units = faces.action_units
        displays = {"pain": pain_index(units), "surprise": _mean_of(units, SURPRISE)}
        return Answers(_log(faces.emotion.probability), units.probability, displays)


class DirectRoute:
    """A network of the task `emotion`; it hands on the embedding before its last linear layer.

    Raises InputError for a model of another task.
    """

    name = DIRECT

    def __init__(self, model: Path) -> None:
        self.card = Model(model, threads=1).card
        if self.card.task != "emotion":
            raise InputError(
                f"The direct model must be of the task 'emotion'. Got {self.card.task!r} in {str(model)!r}."
            )
        self.template: CropTemplate | None = self.card.template
        network, self._embedding = with_embedding(model.read_bytes(), "emotion")
        self._session = open_session(network, 1)

    def read(self, crops: Crops, landmarks: Array) -> Answers:
        """Answers for aligned crops (N, S, S, 3)."""
        blob = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), np.float32)
        blob = (blob - self.card.mean) / self.card.std
        logits, embedding = self._session.run(["emotion", self._embedding], {"image": blob})
        decoded = decode(self.card.task, {"emotion": logits}, self.card.decoding)
        return Answers(_log(decoded["attributes"]["emotion"].probability), embedding, {})


class LandmarksRoute:
    """The landmark classifier; it hands on its features."""

    template: CropTemplate | None = None

    def __init__(self, classifier: LandmarkClassifier, name: str = LANDMARKS) -> None:
        self.classifier, self.name = classifier, name

    def read(self, crops: Crops, landmarks: Array) -> Answers:
        """Answers for 68 landmarks (N, 68, 2)."""
        features = landmark_features(landmarks)
        return Answers(_log(self.classifier.probability(features)), features, {})


def with_embedding(network: bytes, output: str) -> tuple[bytes, str]:
    """An ONNX network that also puts out what its last linear layer reads, and that output's name.

    Raises InputError where `output` does not come from a linear layer.
    """
    model = onnx.load_from_string(network)
    last = next((node for node in model.graph.node if output in node.output), None)
    if last is None or last.op_type not in ("Gemm", "MatMul"):
        kind = "nothing" if last is None else last.op_type
        raise InputError(f"The output {output!r} must come from a linear layer (Gemm or MatMul). Got {kind}.")
    name = last.input[0]
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return model.SerializeToString(), name


def seconds_a_face(read: Callable[[int], object], count: int, faces: int = 1) -> float:
    """Median time of a face over calls `read(k)`, k = 0 .. count - 1, after one that does not count."""
    read(0)
    times = []
    for k in range(count):
        start = perf_counter()
        read(k)
        times.append(perf_counter() - start)
    return float(np.median(times)) / faces


def _faces(count: int) -> Faces:
    return Faces(np.zeros((count, 4), np.float32), np.ones(count, np.float32), np.zeros((count, 5, 2), np.float32))


def _mean_of(units: ActionUnits, codes: tuple[str, ...]) -> Array:
    return np.asarray(units.probability[:, [units.codes.index(code) for code in codes]].mean(1))


def _log(probability: Array) -> Array:
    return np.log(np.clip(probability, 1e-7, 1))
